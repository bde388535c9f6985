//! All results of a run, by split and family.

use askmask_eval::datasets::Dataset;
use askmask_eval::measures::{Convention, Summary};
use serde::Serialize;

use crate::eval::provenance::Provenance;
use crate::eval::rows::Row;

/// All results of a run.
pub struct Report<'a> {
    pub convention: Convention,
    pub provenance: Provenance,
    pub rows: &'a [Row],
    pub data: &'a Dataset,
    pub groups: Vec<Group>,
}

/// Some questions together.
#[derive(Serialize)]
pub struct Group {
    /// All when `None`.
    pub split: Option<String>,
    pub family: Option<String>,
    #[serde(flatten)]
    pub summary: Summary,
}

/// Every split and family, every split, every family, and everything; only once where there is
/// but one.
pub fn groups(rows: &[Row], convention: Convention) -> Vec<Group> {
    let splits = names(rows, |row| &row.split);
    let families = names(rows, |row| &row.family);
    let each = |names: &[&str]| -> Vec<Option<String>> {
        let mut all: Vec<_> = names.iter().map(|name| Some((*name).to_owned())).collect();
        if names.len() > 1 {
            all.push(None);
        }
        all
    };
    let mut groups = Vec::new();
    for split in each(&splits) {
        for family in each(&families) {
            let fits = |name: &str, wanted: &Option<String>| {
                wanted.as_ref().is_none_or(|wanted| wanted == name)
            };
            let chosen = rows
                .iter()
                .filter(|row| fits(&row.split, &split) && fits(&row.family, &family));
            let chosen = chosen.map(|row| (row.picture.as_str(), &row.measured));
            let summary = Summary::of(chosen, convention);
            if summary.questions > 0 {
                groups.push(Group {
                    split: split.clone(),
                    family,
                    summary,
                });
            }
        }
    }
    groups
}

/// Names in the order in which they first occur.
pub fn names(rows: &[Row], name: impl Fn(&Row) -> &str) -> Vec<&str> {
    let mut names = Vec::new();
    for row in rows {
        let name = name(row);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
