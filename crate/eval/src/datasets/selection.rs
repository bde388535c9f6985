//! Which questions of a data set are asked.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Problem;

/// Splits, families, and how many of each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// Names of splits; all but `train` when empty.
    pub splits: Vec<String>,
    /// Names of families of questions; all when empty.
    pub families: Vec<String>,
    /// At most so many questions of each split and family, in the data's order.
    pub limit: Option<usize>,
}

impl Selection {
    /// Whether a split is asked about.
    pub(super) fn has_split(&self, split: &str) -> bool {
        match self.splits.as_slice() {
            [] => split != "train",
            splits => splits.iter().any(|other| other == split),
        }
    }

    pub(super) fn has_family(&self, family: &str) -> bool {
        self.families.is_empty() || self.families.iter().any(|other| other == family)
    }
}

/// Refuses names that do not occur, with those that do.
pub(super) fn check_known(
    what: &str,
    wanted: &[String],
    known: &BTreeSet<String>,
) -> Result<(), Problem> {
    let Some(name) = wanted.iter().find(|name| !known.contains(*name)) else {
        return Ok(());
    };
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    Err(Problem::new(
        "unknown-name",
        format!("there is no {what} {name:?}, but {}", known.join(", ")),
    ))
}
