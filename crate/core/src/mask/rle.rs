//! COCO's run lengths, byte for byte as pycocotools writes them.
//!
//! Runs go down the columns, first of pixels outside, then inside, and so on. Compressed, each
//! count is the difference to the one two before, in groups of five bits per character.
//! Source: `maskApi.c` of cocoapi.

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::image::{ImageSize, MAX_PIXELS, MAX_SIDE};
use crate::mask::Mask;

/// A mask as run lengths. Serialized it is COCO's JSON form, as in [`Rle::to_json`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Json", into = "Json")]
pub struct Rle {
    size: ImageSize,
    counts: Vec<u32>,
}

impl Rle {
    /// The runs of `mask`.
    #[must_use]
    pub fn encode(mask: &Mask) -> Self {
        let ImageSize { height, width } = mask.size;
        let mut counts = Vec::new();
        let (mut inside, mut count) = (false, 0);
        for x in 0..width {
            for y in 0..height {
                if mask.contains(x, y) != inside {
                    counts.push(count);
                    (inside, count) = (!inside, 0);
                }
                count += 1;
            }
        }
        counts.push(count);
        Self {
            size: mask.size,
            counts,
        }
    }

    /// Run lengths as they are, which must fill the picture exactly.
    ///
    /// # Errors
    /// [`Error::Integrity`] when they do not, or the picture is beyond the limits of
    /// [`crate::image`].
    pub fn new(size: ImageSize, counts: Vec<u32>) -> Result<Self, Error> {
        let pixels = checked_pixels(size)?;
        let total: u64 = counts.iter().map(|&count| u64::from(count)).sum();
        if total != pixels {
            return Err(invalid(format!(
                "its runs hold {total} pixels, the picture {pixels}"
            )));
        }
        Ok(Self { size, counts })
    }

    /// Run lengths from COCO's compressed string.
    ///
    /// # Errors
    /// As [`Rle::new`], and for characters or counts that pycocotools never writes.
    pub fn from_compressed(size: ImageSize, text: &str) -> Result<Self, Error> {
        let pixels = checked_pixels(size)?;
        let mut counts: Vec<u32> = Vec::new();
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            let mut count = take_number(&mut rest)?;
            if counts.len() > 2 {
                count += i64::from(counts[counts.len() - 2]);
            }
            match u32::try_from(count) {
                Ok(count) if u64::from(count) <= pixels => counts.push(count),
                _ => return Err(invalid(format!("run {} has {count} pixels", counts.len()))),
            }
        }
        Self::new(size, counts)
    }

    /// COCO's compressed string.
    #[must_use]
    pub fn to_compressed(&self) -> String {
        let mut text = String::new();
        for (index, &count) in self.counts.iter().enumerate() {
            let base = if index > 2 { self.counts[index - 2] } else { 0 };
            push_number(&mut text, i64::from(count) - i64::from(base));
        }
        text
    }

    /// The mask.
    #[must_use]
    pub fn decode(&self) -> Mask {
        let ImageSize { height, width } = self.size;
        let mut data = vec![0; self.size.pixels()];
        let mut at = 0;
        for (index, &count) in self.counts.iter().enumerate() {
            let end = at + count as usize;
            if index % 2 == 1 {
                for pixel in at..end {
                    data[pixel % height * width + pixel / height] = 1;
                }
            }
            at = end;
        }
        Mask {
            size: self.size,
            data,
        }
    }

    /// Height and width of the picture.
    #[must_use]
    pub fn size(&self) -> ImageSize {
        self.size
    }

    /// Lengths of the runs, the first one outside.
    #[must_use]
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// Number of pixels inside.
    #[must_use]
    pub fn area(&self) -> usize {
        self.counts
            .iter()
            .skip(1)
            .step_by(2)
            .map(|&count| count as usize)
            .sum()
    }

    /// COCO's JSON form, `{"size":[height,width],"counts":"…"}`.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads COCO's JSON form, with compressed or plain counts.
    ///
    /// # Errors
    /// [`Error::Integrity`] for other JSON, and as [`Rle::from_compressed`].
    pub fn from_json(json: &str) -> Result<Self, Error> {
        serde_json::from_str(json).map_err(|e| invalid(e.to_string()))
    }
}

impl From<Rle> for Json {
    fn from(rle: Rle) -> Self {
        Self {
            size: [rle.size.height, rle.size.width],
            counts: Counts::Compressed(rle.to_compressed()),
        }
    }
}

impl TryFrom<Json> for Rle {
    type Error = Error;

    fn try_from(json: Json) -> Result<Self, Error> {
        let [height, width] = json.size;
        let size = ImageSize { height, width };
        match json.counts {
            Counts::Compressed(text) => Self::from_compressed(size, &text),
            Counts::Plain(counts) => Self::new(size, counts),
        }
    }
}

impl Mask {
    /// COCO's compressed run lengths as JSON; see [`Rle::to_json`].
    #[must_use]
    pub fn to_rle_json(&self) -> String {
        Rle::encode(self).to_json()
    }
}

#[derive(Serialize, Deserialize)]
struct Json {
    size: [usize; 2],
    counts: Counts,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Counts {
    Compressed(String),
    Plain(Vec<u32>),
}

/// The lowest character, which stands for zero.
const ZERO: u8 = 48;
const MORE: u8 = 0x20;
const SIGN: u8 = 0x10;
const BITS: u8 = 0x1f;

fn push_number(text: &mut String, mut number: i64) {
    loop {
        let group = (number & i64::from(BITS)) as u8;
        number >>= 5;
        // What is left must be nothing but copies of the sign.
        let done = number == if group & SIGN == 0 { 0 } else { -1 };
        text.push(char::from(group + ZERO + if done { 0 } else { MORE }));
        if done {
            break;
        }
    }
}

fn take_number(rest: &mut &[u8]) -> Result<i64, Error> {
    /// Groups of a difference of two 32-bit counts.
    const MAX_GROUPS: u32 = 7;
    let mut number = 0;
    for group in 0..MAX_GROUPS {
        let Some((&character, tail)) = rest.split_first() else {
            return Err(invalid("its string ends inside a count"));
        };
        *rest = tail;
        let Some(bits) = character
            .checked_sub(ZERO)
            .filter(|&bits| bits <= MORE | BITS)
        else {
            return Err(invalid(format!(
                "character {:?} in its string",
                char::from(character)
            )));
        };
        number |= i64::from(bits & BITS) << (5 * group);
        if bits & MORE == 0 {
            if bits & SIGN != 0 {
                number |= -1 << (5 * (group + 1));
            }
            return Ok(number);
        }
    }
    Err(invalid("a count in its string is too long"))
}

/// Number of pixels, at most [`MAX_PIXELS`].
///
/// # Errors
/// [`Error::Integrity`] when there are more, or one side is longer than [`MAX_SIDE`].
pub fn checked_pixels(size: ImageSize) -> Result<u64, Error> {
    let ImageSize { height, width } = size;
    if height > MAX_SIDE || width > MAX_SIDE || height * width > MAX_PIXELS {
        return Err(invalid(format!(
            "{width} × {height} pixels, the limit is {MAX_PIXELS} and {MAX_SIDE} a side"
        )));
    }
    Ok((height * width) as u64)
}

fn invalid(reason: impl Into<String>) -> Error {
    Error::Integrity {
        file: "run-length mask".into(),
        reason: reason.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(height: usize, width: usize, inside: impl Fn(usize) -> bool) -> Mask {
        let data = (0..height * width).map(|i| u8::from(inside(i))).collect();
        Mask {
            size: ImageSize { height, width },
            data,
        }
    }

    #[test]
    fn runs_go_down_the_columns() {
        // Row-major 0 1 / 1 1 is 0 1 | 1 1 by columns.
        let rle = Rle::encode(&mask(2, 2, |i| i > 0));
        assert_eq!(rle.counts(), [1, 3]);
        assert_eq!(rle.area(), 3);
        assert_eq!(Rle::encode(&mask(2, 2, |_| true)).counts(), [0, 4]);
        assert_eq!(Rle::encode(&mask(2, 2, |_| false)).counts(), [4]);
    }

    #[test]
    fn both_forms_lead_back_to_the_mask() {
        for seed in 1..40 {
            let mask = mask(17, 23, |i| (i * seed * seed) % 7 < 3);
            let rle = Rle::encode(&mask);
            assert_eq!(rle.decode(), mask);
            assert_eq!(
                Rle::from_compressed(mask.size, &rle.to_compressed()).unwrap(),
                rle
            );
            assert_eq!(Rle::from_json(&mask.to_rle_json()).unwrap(), rle);
            let plain = format!(r#"{{"size":[17,23],"counts":{:?}}}"#, rle.counts());
            assert_eq!(Rle::from_json(&plain).unwrap(), rle);
        }
    }

    #[test]
    fn runs_that_do_not_fill_the_picture_are_refused() {
        let size = ImageSize {
            height: 2,
            width: 2,
        };
        assert_eq!(Rle::new(size, vec![1, 2]).unwrap_err().code(), "integrity");
        assert!(Rle::new(size, vec![u32::MAX; 9]).is_err());
        for text in ["", "5", "o", "oooooooooooo", "~", "\u{e9}", "O", "1\n"] {
            assert!(Rle::from_compressed(size, text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn pictures_beyond_the_limits_are_refused() {
        for json in [
            r#"{"size":[18446744073709551615,18446744073709551615],"counts":"1"}"#,
            r#"{"size":[16384,16384],"counts":[268435456]}"#,
            r#"{"size":[1],"counts":"1"}"#,
            r#"{"size":[1,1],"counts":[-1]}"#,
            "{",
        ] {
            assert_eq!(
                Rle::from_json(json).unwrap_err().code(),
                "integrity",
                "{json}"
            );
        }
    }
}
