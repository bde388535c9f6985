//! Names as a model has them when it is not wrapped. What compiles, spreads or trains a model puts
//! its own levels before or between those of the model; saved without unwrapping, they stay.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::TensorTable;
use crate::error::Error;

/// Levels that wrappers put anywhere: `torch.compile`, data parallelism, FSDP, activation
/// checkpointing and `DeepSpeed`.
const WRAPPERS: [&str; 5] = [
    "_orig_mod",
    "module",
    "_fsdp_wrapped_module",
    "_checkpoint_wrapped_module",
    "_forward_module",
];
/// Two levels that PEFT puts before a model.
const PEFT: [&str; 2] = ["base_model", "model"];
/// Most levels before a whole model.
const MAX_LEVELS: usize = 8;

/// The tensors of a checkpoint by the names of its model.
#[derive(Debug, Default)]
pub struct Unwrapped {
    /// Stored names by the model's.
    pub stored: BTreeMap<String, String>,
    /// Levels that were taken away, such as `_orig_mod.`.
    pub removed: BTreeSet<String>,
}

/// Takes wrappers away from those of `names` that `table` does not know with them, and then a
/// prefix that stands before all of the model's names.
///
/// # Errors
/// [`Error::UnsupportedModel`] when two tensors have one name without their wrappers, or different
/// prefixes stand before the model's names.
pub fn unwrap(names: &[&str], table: &TensorTable) -> Result<Unwrapped, Error> {
    let mut unwrapped = Unwrapped::default();
    let cleaned: Vec<(String, &str)> = names
        .iter()
        .map(|&name| (unwrapped.without_wrappers(name, table), name))
        .collect();
    let prefix = prefix(cleaned.iter().map(|(cleaned, _)| cleaned.as_str()), table)?;
    for (cleaned, name) in &cleaned {
        let own = cleaned.strip_prefix(prefix).unwrap_or(cleaned);
        match unwrapped.stored.entry(own.to_owned()) {
            Entry::Vacant(slot) => slot.insert((*name).to_owned()),
            Entry::Occupied(slot) => {
                return Err(Error::UnsupportedModel {
                    reason: format!(
                        "tensors {:?} and {name:?} are both {own:?} without the prefix of a \
                         wrapper: save the one model without its wrappers",
                        slot.get()
                    ),
                });
            }
        };
    }
    if !prefix.is_empty() {
        unwrapped.removed.insert(prefix.to_owned());
    }
    Ok(unwrapped)
}

/// What stands before every name of `table` among `names`, which may be nothing.
fn prefix<'a>(
    names: impl Iterator<Item = &'a str> + Clone,
    table: &TensorTable,
) -> Result<&'a str, Error> {
    if names.clone().any(|name| table.part(name).is_some()) {
        return Ok("");
    }
    let mut prefixes: BTreeSet<&str> = names.filter_map(|name| before(name, table)).collect();
    let prefix = prefixes.pop_first().unwrap_or_default();
    match prefixes.pop_first() {
        None => Ok(prefix),
        Some(other) => Err(Error::UnsupportedModel {
            reason: format!(
                "some tensor names have the prefix {prefix:?} and others {other:?}: save the one \
                 model without its wrappers"
            ),
        }),
    }
}

/// What stands before a name of the table in `name`.
fn before<'a>(name: &'a str, table: &TensorTable) -> Option<&'a str> {
    let ends = std::iter::successors(Some(name), |end| end.split_once('.').map(|(_, end)| end));
    let mut ends = ends.take(MAX_LEVELS);
    let own = ends.find(|end| table.part(end).is_some())?;
    Some(&name[..name.len() - own.len()])
}

impl Unwrapped {
    /// `name` without levels of wrappers, wherever they stand.
    fn without_wrappers(&mut self, name: &str, table: &TensorTable) -> String {
        if table.knows(name) {
            return name.to_owned();
        }
        let mut kept = Vec::new();
        let mut levels = name.split('.').peekable();
        while let Some(level) = levels.next() {
            if WRAPPERS.contains(&level) {
                self.removed.insert(format!("{level}."));
            } else if level == PEFT[0] && levels.peek() == Some(&PEFT[1]) {
                levels.next();
                self.removed.insert(format!("{}.", PEFT.join(".")));
            } else {
                kept.push(level);
            }
        }
        kept.join(".")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::{OtherTensors, TensorSpec};

    fn table() -> TensorTable {
        let spec = |name: &str| TensorSpec {
            name: name.into(),
            shape: vec![1],
            part: "network",
            matrix: true,
            bits: None,
        };
        let specs = ["language.model.norm.weight", "vision.norm.weight"];
        let others = OtherTensors {
            droppable: vec!["video.".into()],
            ..OtherTensors::default()
        };
        TensorTable::new(specs.map(spec).into(), others)
    }

    fn names(stored: &[&str]) -> Result<(Vec<String>, Vec<String>), Error> {
        let found = unwrap(stored, &table())?;
        Ok((
            found.stored.into_keys().collect(),
            found.removed.into_iter().collect(),
        ))
    }

    #[test]
    fn wrappers_are_taken_away_wherever_they_stand() {
        let own = ["language.model.norm.weight", "vision.norm.weight"];
        for (stored, removed) in [
            ([own[0], own[1]], &[][..]),
            (
                [
                    "_orig_mod.language.model.norm.weight",
                    "_orig_mod.vision.norm.weight",
                ],
                &["_orig_mod."],
            ),
            (
                [
                    "module._orig_mod.language.model.norm.weight",
                    "module._orig_mod.vision.norm.weight",
                ],
                &["_orig_mod.", "module."],
            ),
            (
                ["language._orig_mod.model.norm.weight", own[1]],
                &["_orig_mod."],
            ),
            (
                ["language.base_model.model.model.norm.weight", own[1]],
                &["base_model.model."],
            ),
            (
                [
                    "model.language.model.norm.weight",
                    "model.vision.norm.weight",
                ],
                &["model."],
            ),
        ] {
            let (found, taken) = names(&stored).unwrap();
            assert_eq!(found, own, "{stored:?}");
            assert_eq!(taken, removed, "{stored:?}");
        }
    }

    #[test]
    fn what_belongs_to_no_model_keeps_its_name() {
        assert_eq!(names(&["other.weight", "norm.weight"]).unwrap().0.len(), 2);
        let (found, _) = names(&["module.video.frames", "module.vision.norm.scales"]).unwrap();
        assert_eq!(found, ["video.frames", "vision.norm.scales"]);
        let some = ["vision.norm.weight", "net.language.model.norm.weight"];
        assert_eq!(names(&some).unwrap().0, [some[1], some[0]]);
    }

    #[test]
    fn two_models_in_one_file_are_refused() {
        for stored in [
            ["model.vision.norm.weight", "model_ema.vision.norm.weight"],
            ["vision.norm.weight", "module.vision.norm.weight"],
            ["a.vision.norm.weight", "b.language.model.norm.weight"],
        ] {
            let error = names(&stored).unwrap_err();
            assert!(error.to_string().contains("prefix"), "{error}");
        }
    }
}
