//! Which rows of which tensor go into which file.

use std::ops::Range;
use std::rc::Rc;

use super::plan::Step;
use crate::error::Error;
use crate::weights::TensorInfo;
use crate::weights::manifest::MAX_FILE;
use crate::weights::safetensors;

/// Most bytes that are written for a block: what an interrupted conversion loses.
const MAX_BLOCK: u64 = 8 << 20;

/// Consecutive rows of one step, which lie in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowBlock {
    pub step: Rc<Step>,
    pub rows: Range<usize>,
}

impl RowBlock {
    /// Its tensors as the file's header names them: a block of a split tensor as `NAME@ROW`.
    pub fn tensors(&self) -> Vec<(String, TensorInfo)> {
        let whole = self.rows.len() == self.step.rows();
        let cut = |(name, info): &(String, TensorInfo)| {
            if whole {
                return (name.clone(), info.clone());
            }
            let mut info = info.clone();
            if let Some(rows) = info.shape.first_mut() {
                *rows = self.rows.len();
            }
            (format!("{name}@{}", self.rows.start), info)
        };
        self.step.outputs.iter().map(cut).collect()
    }

    pub fn data_bytes(&self) -> u64 {
        self.rows.len() as u64 * self.step.row_bytes()
    }

    /// Most bytes that its tensors take in a header.
    fn header_bytes(&self) -> u64 {
        // Offsets grow by some digits when other tensors come before.
        const LATER: usize = 32;
        self.tensors()
            .iter()
            .map(|(name, info)| (safetensors::header([(name.as_str(), info)]).len() + LATER) as u64)
            .sum()
    }
}

/// Files in order, each of at most [`MAX_FILE`] bytes with its header.
pub fn files(steps: &[Rc<Step>]) -> Result<Vec<Vec<RowBlock>>, Error> {
    let mut files: Vec<Vec<RowBlock>> = Vec::new();
    let mut bytes = 0;
    for step in steps {
        for block in cut(step)? {
            let more = block.data_bytes() + block.header_bytes();
            match files.last_mut() {
                Some(file) if bytes + more <= MAX_FILE => file.push(block),
                _ => {
                    files.push(vec![block]);
                    bytes = 0;
                }
            }
            bytes += more;
        }
    }
    Ok(files)
}

/// One block, or as few as possible of about the same size.
fn cut(step: &Rc<Step>) -> Result<Vec<RowBlock>, Error> {
    let rows = step.rows();
    let whole = RowBlock {
        step: Rc::clone(step),
        rows: 0..rows,
    };
    // Names of blocks are longer than those of whole tensors, by the digits of a row.
    let room = MAX_FILE.saturating_sub(whole.header_bytes() + 64);
    let rows_in = |bytes: u64| bytes.checked_div(step.row_bytes()).unwrap_or(bytes) as usize;
    if rows_in(room) == 0 {
        return Err(Error::UnsupportedModel {
            reason: format!("a single row of {} passes {MAX_FILE} bytes", step.source),
        });
    }
    let most = rows_in(room.min(MAX_BLOCK)).max(1);
    let size = rows.div_ceil(rows.div_ceil(most).max(1)).max(1);
    let blocks = (0..rows).step_by(size).map(|start| RowBlock {
        step: Rc::clone(step),
        rows: start..rows.min(start + size),
    });
    Ok(blocks.collect())
}
