//! A checkpoint whose tensors are those of its model's table, under the table's names.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::table::TensorCopy;
use super::wrappers::{self, Unwrapped};
use super::{QuantizationConfig, TensorInfo, TensorSource, TensorTable, foreign, missing};
use crate::error::Error;

/// Rows that are compared at a time.
const ROWS: usize = 1 << 12;

/// The tensors of a model, whatever stands around them in its files.
pub struct Checkpoint {
    source: Box<dyn TensorSource>,
    names: Unwrapped,
    /// The model's names in the order of the source.
    order: Vec<String>,
    leftovers: Vec<(String, &'static str)>,
    copies: Vec<StoredCopy>,
}

/// A tensor that is saved twice, by its names in the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCopy {
    /// The second one, which is not read.
    pub name: String,
    /// The one that is.
    pub original: String,
    setting: &'static str,
}

impl StoredCopy {
    /// The refusal of a copy that is none.
    #[must_use]
    pub fn refusal(&self) -> Error {
        let Self {
            name,
            original,
            setting,
        } = self;
        Error::UnsupportedModel {
            reason: format!(
                "{name} is not equal to {original}, though {setting} in config.json says so, and \
                 tools disagree on which of them counts: set it to false, or save the model \
                 without {name}"
            ),
        }
    }
}

impl Checkpoint {
    /// Finds the tensors of `table` in `source`, and reads none of them.
    ///
    /// # Errors
    /// [`Error::UnsupportedModel`] for adapters that are not merged, other tools' quantization,
    /// wrappers that cannot be taken away, types that are not computed, and copies of other shapes
    /// than their originals; [`Error::WeightsMismatch`] as [`TensorTable::check`].
    pub fn open(
        source: Box<dyn TensorSource>,
        table: &TensorTable,
        quantization: Option<&QuantizationConfig>,
    ) -> Result<Self, Error> {
        let names = source.names();
        let mut unknown = names.clone();
        unknown.retain(|name| !table.knows(name));
        foreign::check(&unknown)?;
        let unwrapped = wrappers::unwrap(&names, table)?;
        let own: BTreeMap<&str, &str> = unwrapped
            .stored
            .iter()
            .map(|(own, stored)| (stored.as_str(), own.as_str()))
            .collect();
        let order = names.iter().filter_map(|name| own.get(name));
        let mut checkpoint = Self {
            order: order.map(|&name| name.to_owned()).collect(),
            source,
            names: unwrapped,
            leftovers: Vec::new(),
            copies: Vec::new(),
        };
        checkpoint.find_copies(table)?;
        checkpoint.set_aside(table);
        table.check(&checkpoint, quantization)?;
        Ok(checkpoint)
    }

    /// Tensors that are saved a second time; whether they are equal is not known before they are
    /// read.
    #[must_use]
    pub fn copies(&self) -> &[StoredCopy] {
        &self.copies
    }

    /// Whether tensors that are saved a second time are the same.
    ///
    /// # Errors
    /// [`Error::UnsupportedModel`] when they are not, [`Error::Integrity`] when they cannot be read.
    pub fn check_copies(&self) -> Result<(), Error> {
        for copy in &self.copies {
            let info = self.source.info(&copy.name);
            let rows = info.map_or(0, TensorInfo::rows);
            for first in (0..rows).step_by(ROWS) {
                let read = |name: &str| self.source.read_rows(name, first, ROWS.min(rows - first));
                if read(&copy.name)? != read(&copy.original)? {
                    return Err(copy.refusal());
                }
            }
        }
        Ok(())
    }

    /// The name in the files of the model's tensor `name`.
    ///
    /// # Errors
    /// [`Error::WeightsMismatch`] when there is none.
    pub fn stored_name(&self, name: &str) -> Result<&str, Error> {
        let stored = self.names.stored.get(name);
        stored.map(String::as_str).ok_or_else(|| missing(name))
    }

    /// Levels of wrappers that were taken from tensor names, such as `_orig_mod.`.
    pub fn wrappers(&self) -> impl Iterator<Item = &str> {
        self.names.removed.iter().map(String::as_str)
    }

    /// Tensors of the files that the model does without, each with the reason.
    pub fn leftovers(&self) -> impl Iterator<Item = (&str, &'static str)> {
        let leftovers = self.leftovers.iter();
        leftovers.map(|(name, reason)| (name.as_str(), *reason))
    }

    /// Takes leftovers out of the names.
    fn set_aside(&mut self, table: &TensorTable) {
        self.names.stored.retain(|name, stored| {
            let Some(reason) = table.leftover(name) else {
                return true;
            };
            self.leftovers.push((stored.clone(), reason));
            false
        });
        self.order.retain(|name| table.leftover(name).is_none());
    }

    fn find_copies(&mut self, table: &TensorTable) -> Result<(), Error> {
        for TensorCopy {
            name,
            original,
            setting,
        } in table.copies()
        {
            let Ok(stored) = self.stored_name(name) else {
                continue;
            };
            let copy = StoredCopy {
                name: stored.to_owned(),
                original: self.stored_name(original)?.to_owned(),
                setting,
            };
            if self.info(name) != self.info(original) {
                return Err(copy.refusal());
            }
            self.copies.push(copy);
        }
        Ok(())
    }
}

impl TensorSource for Checkpoint {
    fn names(&self) -> Vec<&str> {
        self.order.iter().map(String::as_str).collect()
    }

    fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.source.info(self.names.stored.get(name)?)
    }

    fn read(&self, name: &str) -> Result<Cow<'_, [u8]>, Error> {
        self.source.read(self.stored_name(name)?)
    }

    fn read_rows(&self, name: &str, first: usize, count: usize) -> Result<Cow<'_, [u8]>, Error> {
        self.source.read_rows(self.stored_name(name)?, first, count)
    }
}
