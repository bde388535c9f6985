//! Numbers and texts as Python writes them in pickles of the first protocol.

use serde_json::Value;

use super::refusal::invalid;
use crate::datasets::Problem;

pub(super) fn whole(text: &str) -> Result<Value, Problem> {
    let number: Result<i64, _> = text.parse();
    Ok(number.map_err(|_| invalid("a whole number"))?.into())
}

/// JSON has no infinity; nothing that is read here needs one.
pub(super) fn real(value: f64) -> Value {
    serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number)
}

/// Bytes as UTF-8.
pub(super) fn utf8(bytes: Vec<u8>) -> Result<String, Problem> {
    String::from_utf8(bytes).map_err(|_| Problem::new("wrong-encoding", "a text is not UTF-8"))
}

/// Bytes between quotes, with escapes, of Python 2's texts; taken as UTF-8.
pub(super) fn quoted(line: &[u8]) -> Result<String, Problem> {
    let ([b'\'', inner @ .., b'\''] | [b'"', inner @ .., b'"']) = line else {
        return Err(invalid("a text without quotes"));
    };
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner.iter().copied();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        out.push(match rest.next() {
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(known @ (b'\\' | b'\'' | b'"')) => known,
            Some(b'x') => code(&mut rest, 2)? as u8,
            _ => return Err(invalid("an unknown escape in a text")),
        });
    }
    utf8(out)
}

/// Latin-1 in which code points are escaped, as Unicode texts are written.
pub(super) fn escaped(line: &[u8]) -> Result<String, Problem> {
    let mut out = String::with_capacity(line.len());
    let mut rest = line.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        let digits = match (byte, rest.peek()) {
            (b'\\', Some(b'u')) => 4,
            (b'\\', Some(b'U')) => 8,
            _ => {
                out.push(char::from(byte));
                continue;
            }
        };
        rest.next();
        let code = char::from_u32(code(&mut rest, digits)?);
        out.push(code.ok_or_else(|| invalid("an unknown character in a text"))?);
    }
    Ok(out)
}

fn code(rest: &mut impl Iterator<Item = u8>, digits: usize) -> Result<u32, Problem> {
    let text: String = rest.take(digits).map(char::from).collect();
    let code = u32::from_str_radix(&text, 16).ok();
    code.filter(|_| text.len() == digits && !text.starts_with('+'))
        .ok_or_else(|| invalid("an unfinished escape in a text"))
}
