//! What fields of a `config.json` mean, so that none that changes the arithmetic is passed over in
//! silence.

use serde_json::{Map, Value};

use super::limits::unsupported;
use crate::error::Error;

/// A block of a configuration.
pub type Block = Map<String, Value>;

/// Whether a value, found in this block, says what is computed here.
pub type Test = fn(&Value, &Block) -> bool;

/// What one field means.
#[derive(Clone, Copy)]
pub enum Meaning {
    /// It is read.
    Used,
    /// It says nothing about an answer: training, generation by other code, housekeeping.
    Harmless,
    /// Another value would need other arithmetic. Absent means as computed. The text ends a
    /// sentence about the value that was found.
    Only(Test, &'static str),
    /// As [`Meaning::Only`], but absent means something else.
    Needs(Test, &'static str),
    /// A block with fields of its own.
    Block(&'static [Fields]),
}

/// Names of fields that mean the same, with spaces between, and what they mean.
pub type Fields = (&'static str, Meaning);

/// Checks `block`, which is called `path` with a dot behind it, field by field in the order of
/// `known`, and gives the whole names of the fields that are not among them.
///
/// # Errors
/// [`Error::UnsupportedModel`] naming the first field that would need other arithmetic, its value,
/// and what to do.
pub fn check(path: &str, block: &Block, known: &[Fields]) -> Result<Vec<String>, Error> {
    let present = |name: &str| block.get(name).filter(|value| !value.is_null());
    let mut blocks = Vec::new();
    for (names, meaning) in known {
        for name in names.split(' ') {
            match (*meaning, present(name)) {
                (Meaning::Needs(_, advice), None) => {
                    return Err(unsupported(format!(
                        "config.json has no {path}{name}: {advice}"
                    )));
                }
                (Meaning::Only(test, advice) | Meaning::Needs(test, advice), Some(value))
                    if !test(value, block) =>
                {
                    let value = shown(value);
                    return Err(unsupported(format!(
                        "{path}{name} in config.json is {value}: {advice}"
                    )));
                }
                (Meaning::Block(fields), Some(Value::Object(inner))) => {
                    blocks.push((format!("{path}{name}."), inner, fields));
                }
                _ => {}
            }
        }
    }
    let is_known = |name: &str| {
        known
            .iter()
            .any(|(names, _)| names.split(' ').any(|known| known == name))
    };
    let mut unknown: Vec<String> = block
        .iter()
        .filter(|(name, value)| !is_known(name) && !value.is_null())
        .map(|(name, _)| format!("{path}{name}"))
        .collect();
    for (path, inner, fields) in blocks {
        unknown.extend(check(&path, inner, fields)?);
    }
    Ok(unknown)
}

/// A value on one short line; of a block what tells its kind, where there is such a field.
fn shown(value: &Value) -> String {
    const KINDS: [&str; 3] = ["quant_method", "rope_type", "type"];
    const LONGEST: usize = 120;
    let kind = KINDS.iter().find_map(|kind| value.get(kind));
    let text = kind.unwrap_or(value).to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::Meaning::{Block as Inner, Harmless, Needs, Only, Used};
    use super::*;
    use serde_json::json;

    const KNOWN: &[Fields] = &[
        ("kind", Needs(|value, _| value == "a", "only a is computed")),
        ("width", Used),
        ("seed steps", Harmless),
        (
            "head",
            Only(
                |head, block| block.get("width") == Some(head),
                "it has to be the width",
            ),
        ),
        (
            "inner",
            Inner(&[("act", Only(|act, _| act == "silu", "only silu"))]),
        ),
    ];

    fn result(json: &Value) -> Result<Vec<String>, String> {
        let block = json.as_object().expect("an object");
        check("", block, KNOWN).map_err(|error| error.to_string())
    }

    #[test]
    fn unknown_fields_are_told_and_others_pass() {
        let json = json!({"kind": "a", "width": 3, "head": 3, "seed": 7, "new": 1, "gone": null,
            "inner": {"act": "silu", "x": 0}});
        assert_eq!(result(&json).unwrap(), ["new", "inner.x"]);
    }

    #[test]
    fn other_arithmetic_is_refused_by_name() {
        for (json, part) in [
            (json!({}), "no kind: only a"),
            (json!({"kind": null}), "no kind: only a"),
            (json!({"kind": "b"}), "kind in config.json is \"b\": only a"),
            (
                json!({"kind": "a", "head": 2, "width": 3}),
                "head in config.json is 2",
            ),
            (
                json!({"kind": "a", "inner": {"act": "relu"}}),
                "inner.act in config.json is \"relu\"",
            ),
        ] {
            let error = result(&json).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
