//! JSON as Python's tools read it: with a byte order mark, NaN, numbers of any type and size, half
//! characters, and keys that are there twice.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::Problem;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// What Python's `json` writes for floats that JSON cannot say.
const NO_NUMBERS: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];
/// Stands for half of a character of two.
const REPLACEMENT: &[u8] = b"\\ufffd";

/// Reads a whole file. Numbers that are none or beyond all bounds, such as NaN and 1e999, are
/// `null`. Of a key that is there twice, the last one counts.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    if let Ok(read) = serde_json::from_slice(bytes) {
        return Ok(read);
    }
    let plain = plain(bytes);
    if let Ok(read) = serde_json::from_slice(&plain) {
        return Ok(read);
    }
    // A `Value` holds every key once.
    let value: Value = serde_json::from_slice(&plain)?;
    Ok(serde_json::from_value(value)?)
}

/// The same in JSON as its standard has it.
fn plain(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let (mut at, mut quoted) = (0, false);
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        let (taken, written) = match byte {
            b'\\' if quoted => escape(rest),
            b'"' => {
                quoted = !quoted;
                (1, None)
            }
            _ if quoted => (1, None),
            _ => number(rest),
        };
        out.extend(written.unwrap_or(&rest[..taken.min(rest.len())]));
        at += taken;
    }
    out
}

/// The bytes of an escape in a text, and what takes their place if they are half a character.
fn escape(rest: &[u8]) -> (usize, Option<&'static [u8]>) {
    let unit = |at: usize| {
        let digits = rest.get(at..)?.strip_prefix(b"\\u")?.get(..4)?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    match (unit(0), unit(6)) {
        (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (12, None),
        (Some(0xd800..=0xdfff), _) => (6, Some(REPLACEMENT)),
        // What is escaped ends no text.
        _ => (2, None),
    }
}

/// The bytes of a number outside of texts, and `null` if it is none that JSON knows.
fn number(rest: &[u8]) -> (usize, Option<&'static [u8]>) {
    if let Some(word) = NO_NUMBERS.iter().find(|word| rest.starts_with(word)) {
        return (word.len(), Some(b"null"));
    }
    let is_part = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
    let length = rest.iter().take_while(|byte| is_part(byte)).count();
    let value = std::str::from_utf8(&rest[..length]).ok();
    let value = value.and_then(|text| text.parse::<f64>().ok());
    let beyond = value.is_some_and(f64::is_infinite);
    (length.max(1), beyond.then_some(b"null"))
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

    #[derive(Debug, Deserialize)]
    struct Twice {
        a: i64,
    }

    #[test]
    fn marks_and_numbers_that_are_none_do_not_make_a_file_unreadable() {
        let text = "\u{feff}{\"a\":NaN,\"b\":[-Infinity,Infinity],\"c\":\"NaN \\\" NaN\\\\\"}";
        let value: Value = parse(text.as_bytes()).unwrap();
        assert_eq!(
            value,
            json!({"a": null, "b": [null, null], "c": "NaN \" NaN\\"})
        );
        let text = r#"{"a":1e999,"b":[-1E+400,1e-999,1e3],"c":"1e999","d":"\ud800","e":"\udc00\ud83d\ude00\\ud800","a":2}"#;
        let value: Value = parse(text.as_bytes()).unwrap();
        assert_eq!(
            value,
            json!({"a": 2, "b": [null, 0.0, 1000.0], "c": "1e999", "d": "\u{fffd}", "e": "\u{fffd}\u{1f600}\\ud800"})
        );
        assert_eq!(parse::<Twice>(b"{\"a\": null, \"a\": 2}").unwrap().a, 2);
        for torn in [
            "\"\\ud800",
            "\"\\",
            "[1e999",
            "-",
            "",
            "{",
            "\u{feff}",
            "\"NaN\\",
            "NaNNaN",
        ] {
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
