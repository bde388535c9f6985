//! Numbers and texts as Python writes them in pickles of the first protocol.

use serde_json::Value;

use super::{Problem, invalid};

pub fn whole(text: &str) -> Result<Value, Problem> {
    let number: Result<i64, _> = text.parse();
    Ok(number.map_err(|_| invalid("a whole number"))?.into())
}

/// JSON has no infinity; nothing that is read here needs one.
pub fn real(value: f64) -> Value {
    serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number)
}

/// A text between quotes, as Python writes it.
pub fn quoted(text: &str) -> Result<String, Problem> {
    let inner = ['\'', '"']
        .iter()
        .find_map(|&quote| text.strip_prefix(quote)?.strip_suffix(quote));
    escaped(
        inner.ok_or_else(|| invalid("a text without quotes"))?,
        false,
    )
}

/// Replaces Python's escapes; `raw` texts know only those of code points.
pub fn escaped(text: &str, raw: bool) -> Result<String, Problem> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        let digits = match rest.next() {
            Some('u') if raw => 4,
            Some('U') if raw => 8,
            Some(other) if raw => {
                out.extend(['\\', other]);
                continue;
            }
            Some('x') => 2,
            Some(known @ ('\\' | '\'' | '"')) => {
                out.push(known);
                continue;
            }
            Some('n') => {
                out.push('\n');
                continue;
            }
            Some('r') => {
                out.push('\r');
                continue;
            }
            Some('t') => {
                out.push('\t');
                continue;
            }
            _ => return Err(invalid("an unknown escape in a text")),
        };
        let code: String = rest.by_ref().take(digits).collect();
        let code = u32::from_str_radix(&code, 16).ok().and_then(char::from_u32);
        out.push(code.ok_or_else(|| invalid("an unknown escape in a text"))?);
    }
    Ok(out)
}
