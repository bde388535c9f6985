//! From answers to tables, files and a gallery.

mod csv;
mod gallery;
mod json;
mod results;
mod table;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use askmask_eval::file;

use crate::fault::Fault;
use crate::terminal::printable;

pub use results::{Report, groups};

impl Report<'_> {
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
            let _ = writeln!(text, "  {}", printable(&fault.to_string()));
        }
        if faults.len() > SHOWN {
            let _ = writeln!(text, "  … {} more in results.json", faults.len() - SHOWN);
        }
        text
    }
}
