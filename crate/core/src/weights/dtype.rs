//! Types of stored numbers, and their conversion.

use half::{bf16, f16};
use serde::{Deserialize, Serialize};

use super::damaged;
use crate::error::Error;

/// Type of a tensor's numbers, named as safetensors names them. Floats are computed and words
/// unpacked; the others are known because checkpoints hold them too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Dtype {
    /// 64-bit float.
    F64,
    /// 32-bit float.
    F32,
    /// 16-bit IEEE float.
    F16,
    /// The upper half of a 32-bit float.
    Bf16,
    /// 8-bit float with 4 bits of exponent, which needs a scale of its own.
    #[serde(rename = "F8_E4M3")]
    F8E4M3,
    /// 8-bit float with 5 bits of exponent.
    #[serde(rename = "F8_E5M2")]
    F8E5M2,
    /// 64-bit signed; counters that some exporters leave in a checkpoint.
    I64,
    /// 32-bit signed.
    I32,
    /// 16-bit signed.
    I16,
    /// 8-bit signed.
    I8,
    /// 64-bit unsigned.
    U64,
    /// 32-bit unsigned, the words of packed quants.
    U32,
    /// 16-bit unsigned.
    U16,
    /// 8-bit unsigned.
    U8,
    /// One byte, 0 or 1.
    Bool,
}

/// Names and bytes of all types.
const TYPES: [(Dtype, &str, usize); 15] = [
    (Dtype::F64, "F64", 8),
    (Dtype::F32, "F32", 4),
    (Dtype::F16, "F16", 2),
    (Dtype::Bf16, "BF16", 2),
    (Dtype::F8E4M3, "F8_E4M3", 1),
    (Dtype::F8E5M2, "F8_E5M2", 1),
    (Dtype::I64, "I64", 8),
    (Dtype::I32, "I32", 4),
    (Dtype::I16, "I16", 2),
    (Dtype::I8, "I8", 1),
    (Dtype::U64, "U64", 8),
    (Dtype::U32, "U32", 4),
    (Dtype::U16, "U16", 2),
    (Dtype::U8, "U8", 1),
    (Dtype::Bool, "BOOL", 1),
];

impl Dtype {
    /// The type of this name, or `None` when it is not one of ours.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let found = TYPES.iter().find(|(_, known, _)| *known == name);
        found.map(|(dtype, ..)| *dtype)
    }

    /// Its name in a safetensors header.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// Bytes of one number.
    #[must_use]
    pub fn bytes(self) -> usize {
        self.row().2
    }

    /// Whether it is a float that is computed with.
    #[must_use]
    pub fn is_float(self) -> bool {
        matches!(self, Self::F64 | Self::F32 | Self::F16 | Self::Bf16)
    }

    fn row(self) -> &'static (Self, &'static str, usize) {
        &TYPES[self as usize]
    }
}

/// Numbers of tensor `name` as f32; exact for all float types but F64, which is rounded to nearest.
///
/// # Errors
/// [`Error::Integrity`] when they are no floats.
pub fn to_f32(name: &str, dtype: Dtype, bytes: &[u8]) -> Result<Vec<f32>, Error> {
    match dtype {
        Dtype::F64 => Ok(words(bytes).map(|b| f64::from_le_bytes(b) as f32).collect()),
        Dtype::F32 => Ok(words(bytes).map(f32::from_le_bytes).collect()),
        Dtype::F16 => Ok(words(bytes)
            .map(|b| f16::from_le_bytes(b).to_f32())
            .collect()),
        Dtype::Bf16 => Ok(words(bytes)
            .map(|b| bf16::from_le_bytes(b).to_f32())
            .collect()),
        other => Err(unexpected(name, other, "floats")),
    }
}

/// Numbers of tensor `name` as f16; wider ones are rounded to nearest.
///
/// # Errors
/// [`Error::Integrity`] when they are no floats, or finite ones pass the range of f16.
pub fn to_f16(name: &str, dtype: Dtype, bytes: &[u8]) -> Result<Vec<f16>, Error> {
    if dtype == Dtype::F16 {
        return Ok(words(bytes).map(f16::from_le_bytes).collect());
    }
    let narrow = |value: f32| {
        let narrow = f16::from_f32(value);
        if value.is_finite() && !narrow.is_finite() {
            return Err(damaged(
                name,
                format!("{value} passes the range of 16-bit floats"),
            ));
        }
        Ok(narrow)
    };
    to_f32(name, dtype, bytes)?
        .into_iter()
        .map(narrow)
        .collect()
}

/// As [`to_f32`].
///
/// # Errors
/// [`Error::Integrity`] also when one is not finite.
pub fn to_finite_f32(name: &str, dtype: Dtype, bytes: &[u8]) -> Result<Vec<f32>, Error> {
    let values = to_f32(name, dtype, bytes)?;
    match values.iter().find(|value| !value.is_finite()) {
        Some(value) => Err(not_finite(name, *value)),
        None => Ok(values),
    }
}

/// As [`to_f16`].
///
/// # Errors
/// [`Error::Integrity`] also when one is not finite.
pub fn to_finite_f16(name: &str, dtype: Dtype, bytes: &[u8]) -> Result<Vec<f16>, Error> {
    let values = to_f16(name, dtype, bytes)?;
    match values.iter().find(|value| !value.is_finite()) {
        Some(value) => Err(not_finite(name, value.to_f32())),
        None => Ok(values),
    }
}

fn not_finite(name: &str, value: f32) -> Error {
    damaged(name, format!("it holds {value}, which no weight is"))
}

/// Words of tensor `name`.
///
/// # Errors
/// [`Error::Integrity`] when they are not 32-bit unsigned.
pub fn to_u32(name: &str, dtype: Dtype, bytes: &[u8]) -> Result<Vec<u32>, Error> {
    match dtype {
        Dtype::U32 => Ok(words(bytes).map(u32::from_le_bytes).collect()),
        other => Err(unexpected(name, other, "U32")),
    }
}

fn words<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    bytes.as_chunks::<N>().0.iter().copied()
}

fn unexpected(name: &str, found: Dtype, expected: &str) -> Error {
    damaged(
        name,
        format!("its type is {}, {expected} are expected", found.name()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_widened_exactly() {
        let values = [1.5_f32, -0.25, 1024.0];
        let f32s: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let f16s: Vec<u8> = values
            .iter()
            .flat_map(|v| f16::from_f32(*v).to_le_bytes())
            .collect();
        let bf16s: Vec<u8> = values
            .iter()
            .flat_map(|v| bf16::from_f32(*v).to_le_bytes())
            .collect();
        for (dtype, bytes) in [(Dtype::F32, f32s), (Dtype::F16, f16s), (Dtype::Bf16, bf16s)] {
            assert_eq!(to_f32("x", dtype, &bytes).unwrap(), values);
            assert_eq!(
                to_f16("x", dtype, &bytes).unwrap(),
                values.map(f16::from_f32)
            );
            assert_eq!(to_u32("x", dtype, &bytes).unwrap_err().code(), "integrity");
        }
    }

    #[test]
    fn values_beyond_f16_are_refused() {
        assert!(to_f16("x", Dtype::F32, &1e6_f32.to_le_bytes()).is_err());
        assert!(to_f32("x", Dtype::U32, &[0; 4]).is_err());
    }

    #[test]
    fn fault_08_values_that_are_no_numbers_are_refused() {
        let halves: Vec<u8> = [f16::ONE, f16::NAN]
            .into_iter()
            .flat_map(f16::to_le_bytes)
            .collect();
        assert!(to_f16("x", Dtype::F16, &halves).is_ok());
        for error in [
            to_finite_f16("x", Dtype::F16, &halves).unwrap_err(),
            to_finite_f32("x", Dtype::F16, &halves).unwrap_err(),
            to_finite_f32("x", Dtype::F32, &f32::INFINITY.to_le_bytes()).unwrap_err(),
        ] {
            assert!(error.to_string().starts_with("x is damaged"), "{error}");
        }
        assert!(to_finite_f16("x", Dtype::F16, &halves[..2]).is_ok());
    }

    #[test]
    fn names_are_those_of_safetensors() {
        for (dtype, name, _) in TYPES {
            assert_eq!(Dtype::parse(name), Some(dtype));
            assert_eq!(dtype.name(), name);
            assert_eq!(serde_json::json!(dtype), name);
        }
        assert!(Dtype::parse("C64").is_none());
    }
}
