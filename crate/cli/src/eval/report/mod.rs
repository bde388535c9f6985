//! From answers to tables, files and a gallery.

mod csv;
mod gallery;
mod json;
mod table;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use askmask_eval::datasets::Dataset;
use askmask_eval::file;
use askmask_eval::measures::{Convention, Measured, Summary};

use super::provenance::Provenance;
use super::rows::Row;
use crate::fault::Fault;

/// All results of a run.
pub struct Report<'a> {
    convention: Convention,
    provenance: Provenance,
    rows: &'a [Row],
    data: &'a Dataset,
    groups: Vec<Group>,
}

/// Some questions together.
struct Group {
    /// All when `None`.
    split: Option<String>,
    family: Option<String>,
    summary: Summary,
}

impl<'a> Report<'a> {
    pub fn new(
        convention: Convention,
        provenance: Provenance,
        rows: &'a [Row],
        data: &'a Dataset,
    ) -> Self {
        Self {
            convention,
            provenance,
            rows,
            data,
            groups: groups(rows, convention),
        }
    }

    /// The table, and what was left out.
    pub fn text(&self) -> String {
        let mut text = table::text(&self.groups, self.convention);
        if self.provenance.settings.picture != "picture" {
            text += "\nThe model did not see the pictures: a baseline.\n";
        }
        text + &self.left_out_text()
    }

    /// Writes results.csv, results.json, and the gallery of the `worst` answers.
    pub fn write(&self, folder: &Path, worst: usize) -> Result<(), Fault> {
        file::write(
            &folder.join("results.csv"),
            csv::text(self.rows, self.data).as_bytes(),
        )?;
        file::write(&folder.join("results.json"), json::text(self).as_bytes())?;
        gallery::write_page(self, &folder.join("gallery"), worst)
    }

    /// How many questions were not asked, and the first reasons.
    fn left_out_text(&self) -> String {
        const SHOWN: usize = 20;
        let faults = &self.data.faults;
        if faults.is_empty() {
            return String::new();
        }
        let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for fault in faults {
            let (files, questions) = counts.entry(fault.problem.code).or_default();
            *files += 1;
            *questions += fault.left_out;
        }
        let counts = counts.into_iter().map(|(code, (places, questions))| {
            format!("{code} in {places} ({questions} questions left out)")
        });
        let mut text = format!("\n{}\n", counts.collect::<Vec<_>>().join(", "));
        for fault in faults.iter().take(SHOWN) {
            let _ = writeln!(text, "  {}", crate::terminal::printable(&fault.to_string()));
        }
        if faults.len() > SHOWN {
            let _ = writeln!(text, "  … {} more in results.json", faults.len() - SHOWN);
        }
        text
    }
}

/// Every split and family, every split, every family, and everything; only once where there is
/// but one.
fn groups(rows: &[Row], convention: Convention) -> Vec<Group> {
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
fn names(rows: &[Row], name: impl Fn(&Row) -> &str) -> Vec<&str> {
    let mut names = Vec::new();
    for row in rows {
        let name = name(row);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// How right an answer is, 0 to 1: IoU where there is a target, else whether it had no `[SEG]`.
fn score(measured: &Measured) -> f64 {
    if measured.targeted {
        measured.overlap().iou()
    } else {
        f64::from(u8::from(measured.segs == 0))
    }
}
