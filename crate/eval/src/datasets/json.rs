//! JSON as Python's tools write it: with a byte order mark, NaN, and numbers of any type.

use std::borrow::Cow;

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::Problem;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// What Python's `json` writes for floats that JSON cannot say.
const NO_NUMBERS: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];

/// Reads a whole file. Numbers that are none, such as NaN, are `null`.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    Ok(serde_json::from_slice(&without_nan(bytes))?)
}

fn without_nan(bytes: &[u8]) -> Cow<'_, [u8]> {
    let has = |word: &[u8]| bytes.windows(word.len()).any(|part| part == word);
    if !has(b"NaN") && !has(b"Infinity") {
        return Cow::Borrowed(bytes);
    }
    let mut out = Vec::with_capacity(bytes.len());
    let (mut at, mut quoted) = (0, false);
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        let found = NO_NUMBERS.iter().find(|word| rest.starts_with(word));
        if let (Some(word), false) = (found, quoted) {
            out.extend(b"null");
            at += word.len();
            continue;
        }
        if byte == b'"' {
            quoted = !quoted;
        }
        // What is escaped ends no text.
        let taken = if quoted && byte == b'\\' { 2 } else { 1 };
        out.extend(rest.iter().take(taken));
        at += taken;
    }
    Cow::Owned(out)
}

/// One entry of a list, of which another may be odd.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Entry<T> {
    Read(T),
    Odd(Value),
}

impl<T: DeserializeOwned> Entry<T> {
    pub fn read(self) -> Option<T> {
        match self {
            Self::Read(entry) => Some(entry),
            // A key that is there twice counts once in a `Value`.
            Self::Odd(value) => serde_json::from_value(value).ok(),
        }
    }
}

/// The whole number that Python would take a value for as a key: 7, 7.0, or true for 1.
pub fn whole(value: &Value) -> Option<i64> {
    /// From here on not every float that is whole is a number of 64 bits.
    const LIMIT: f64 = (1_u64 << 63) as f64;
    match value {
        Value::Bool(value) => Some(i64::from(*value)),
        Value::Number(number) => number.as_i64().or_else(|| {
            let number = number.as_f64()?;
            (number.fract() == 0.0 && number.abs() < LIMIT).then_some(number as i64)
        }),
        _ => None,
    }
}

/// The same number everywhere in a value, as integers where they are whole.
pub fn with_integers(value: &Value) -> Value {
    match value {
        Value::Number(_) => whole(value).map_or_else(|| value.clone(), Value::from),
        Value::Array(list) => list.iter().map(with_integers).collect(),
        Value::Object(map) => {
            let pairs = map.iter();
            Value::Object(pairs.map(|(k, v)| (k.clone(), with_integers(v))).collect())
        }
        _ => value.clone(),
    }
}

/// Whether Python would take a value for true; texts and lists are no such values.
pub fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Null => Some(false),
        Value::Bool(value) => Some(*value),
        Value::Number(number) => number.as_f64().map(|number| number != 0.0),
        _ => None,
    }
}

/// Of a field that is a whole number.
pub fn read_whole<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    let value = Value::deserialize(from)?;
    whole(&value).ok_or_else(|| D::Error::custom(format!("{value} is no whole number")))
}

/// Of a field that is true or false.
pub fn read_truth<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    let value = Value::deserialize(from)?;
    truth(&value).ok_or_else(|| D::Error::custom(format!("{value} is neither true nor false")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn marks_and_numbers_that_are_none_do_not_make_a_file_unreadable() {
        let text = "\u{feff}{\"a\":NaN,\"b\":[-Infinity,Infinity],\"c\":\"NaN \\\" NaN\\\\\"}";
        let value: Value = parse(text.as_bytes()).unwrap();
        assert_eq!(
            value,
            json!({"a": null, "b": [null, null], "c": "NaN \" NaN\\"})
        );
        for torn in ["", "{", "\u{feff}", "\"NaN\\", "NaNNaN"] {
            assert!(parse::<Value>(torn.as_bytes()).is_err(), "{torn}");
        }
    }

    #[test]
    fn whole_numbers_are_the_same_however_they_are_written() {
        assert_eq!(whole(&json!(908_400_416_500.0)), Some(908_400_416_500));
        assert_eq!(whole(&json!(true)), Some(1));
        for odd in [
            json!(1.5),
            json!(1e300),
            json!(u64::MAX),
            json!("1"),
            json!(null),
        ] {
            assert_eq!(whole(&odd), None, "{odd}");
        }
        assert_eq!(
            with_integers(&json!({"size": [3.0, 4], "counts": "x"})),
            json!({"size": [3, 4], "counts": "x"})
        );
    }

    #[test]
    fn true_is_what_python_takes_for_true() {
        let values = [json!(1), json!(0.0), json!(false), json!(null), json!("1")];
        let found = values.map(|value| truth(&value));
        assert_eq!(
            found,
            [Some(true), Some(false), Some(false), Some(false), None]
        );
    }
}
