//! Types of stored numbers, and their conversion.

use half::{bf16, f16};
use serde::{Deserialize, Serialize};

use super::damaged;
use crate::error::Error;

/// Type of a tensor's numbers, named as safetensors names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Dtype {
    /// 32-bit float.
    F32,
    /// 16-bit IEEE float.
    F16,
    /// The upper half of a 32-bit float.
    Bf16,
    /// 32-bit unsigned, the words of packed quants.
    U32,
    /// 64-bit signed; counters that some exporters leave in a checkpoint.
    I64,
    /// 8-bit unsigned.
    U8,
}

impl Dtype {
    /// The type of this name, or `None` when it is not one of ours.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "F32" => Self::F32,
            "F16" => Self::F16,
            "BF16" => Self::Bf16,
            "U32" => Self::U32,
            "I64" => Self::I64,
            "U8" => Self::U8,
            _ => return None,
        })
    }

    /// Its name in a safetensors header.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
            Self::U32 => "U32",
            Self::I64 => "I64",
            Self::U8 => "U8",
        }
    }

    /// Bytes of one number.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::I64 => 8,
            Self::F32 | Self::U32 => 4,
            Self::F16 | Self::Bf16 => 2,
            Self::U8 => 1,
        }
    }
}

/// Numbers of tensor `name` as f32; exact for all three float types.
///
/// # Errors
/// [`Error::Integrity`] when they are no floats.
pub fn to_f32(name: &str, dtype: Dtype, bytes: &[u8]) -> Result<Vec<f32>, Error> {
    match dtype {
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
        for name in ["F32", "F16", "BF16", "U32", "I64", "U8"] {
            assert_eq!(Dtype::parse(name).unwrap().name(), name);
        }
        assert!(Dtype::parse("F8_E4M3").is_none());
    }
}
