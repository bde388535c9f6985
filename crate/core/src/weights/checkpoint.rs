//! A checkpoint whose tensors are those of its model's table, under the table's names.

use std::borrow::Cow;

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
    leftovers: Vec<(String, &'static str)>,
}

impl Checkpoint {
    /// Finds the tensors of `table` in `source`. Only a second copy of a tensor is read, to see
    /// whether it is one.
    ///
    /// # Errors
    /// [`Error::UnsupportedModel`] for adapters that are not merged, other tools' quantization,
    /// wrappers that cannot be taken away, types that are not computed, and copies that differ;
    /// [`Error::WeightsMismatch`] as [`TensorTable::check`].
    pub fn open(
        source: Box<dyn TensorSource>,
        table: &TensorTable,
        quantization: Option<&QuantizationConfig>,
    ) -> Result<Self, Error> {
        let names = source.names();
        let mut unknown = names.clone();
        unknown.retain(|name| !table.knows(name));
        foreign::check(&unknown)?;
        let names = wrappers::unwrap(&names, table)?;
        let mut checkpoint = Self {
            source,
            names,
            leftovers: Vec::new(),
        };
        checkpoint.check_copies(table)?;
        checkpoint.set_aside(table);
        table.check(&checkpoint, quantization)?;
        Ok(checkpoint)
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
        let leftover = |name: &str| table.leftover(name);
        self.names.stored.retain(|name, stored| {
            let Some(reason) = leftover(name) else {
                return true;
            };
            self.leftovers.push((stored.clone(), reason));
            false
        });
    }

    /// Whether tensors that are saved a second time under another name are the same.
    fn check_copies(&self, table: &TensorTable) -> Result<(), Error> {
        for TensorCopy {
            name,
            original,
            setting,
        } in table.copies()
        {
            if self.info(name).is_some() && !self.equal(name, original)? {
                return Err(Error::UnsupportedModel {
                    reason: format!(
                        "{name} is not equal to {original}, though {setting} in config.json says \
                         so, and tools disagree on which of them counts: set it to false, or save \
                         the model without {name}"
                    ),
                });
            }
        }
        Ok(())
    }

    fn equal(&self, a: &str, b: &str) -> Result<bool, Error> {
        let info = self.info(a);
        if info != self.info(b) {
            return Ok(false);
        }
        let rows = info.map_or(0, TensorInfo::rows);
        for first in (0..rows).step_by(ROWS) {
            let count = ROWS.min(rows - first);
            if self.read_rows(a, first, count)? != self.read_rows(b, first, count)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn stored(&self, name: &str) -> Result<&str, Error> {
        let stored = self.names.stored.get(name);
        stored.map(String::as_str).ok_or_else(|| missing(name))
    }
}

impl TensorSource for Checkpoint {
    fn names(&self) -> Vec<&str> {
        self.names.stored.keys().map(String::as_str).collect()
    }

    fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.source.info(self.names.stored.get(name)?)
    }

    fn read(&self, name: &str) -> Result<Cow<'_, [u8]>, Error> {
        self.source.read(self.stored(name)?)
    }

    fn read_rows(&self, name: &str, first: usize, count: usize) -> Result<Cow<'_, [u8]>, Error> {
        self.source.read_rows(self.stored(name)?, first, count)
    }
}
