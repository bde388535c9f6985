//! The round trip: what was written, read again and held against the source.

use std::collections::BTreeMap;

use super::group::plain_error;
use super::options::Store;
use super::plan::{Plan, Step};
use super::{block_rows, named};
use crate::error::Error;
use crate::kernels::{QuantParams, Quantized};
use crate::weights::{TensorInfo, TensorSource, damaged, dtype, missing};

/// Rounding of a 16-bit float, relative and below its normal range.
const HALF_ROUNDING: f32 = 1.0 / 2048.0;
const HALF_SMALLEST: f32 = 1.0 / 33_554_432.0;
/// Rounding of a sum of squared errors in 32 bits, by which levels are chosen, relative and below
/// its normal range.
const SUM_ROUNDING: f64 = 1e-5;
const SUM_SMALLEST: f64 = f32::MIN_POSITIVE as f64;

/// What quantization cost, by group of layers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// Layers of one kind, such as `language_model.model.layers.*.mlp.up_proj`, by that name.
    pub groups: BTreeMap<String, Group>,
}

/// Layers of one kind.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Group {
    /// Bits of a quant; 16 for floats, 0 for tensors copied bit by bit.
    pub bits: u32,
    /// Tensors of the source.
    pub tensors: usize,
    /// Bytes written for them.
    pub bytes: u64,
    /// Sums of squares: of errors, of errors by MLX's rule where quantized, of values.
    error: f64,
    plain_error: f64,
    total: f64,
}

impl Group {
    /// Root of the mean squared error over root of the mean square: 0.1 is 10%.
    #[must_use]
    pub fn relative_error(&self) -> f64 {
        self.relative(self.error)
    }

    /// What it would be by MLX's rule, for layers that are quantized.
    #[must_use]
    pub fn plain_relative_error(&self) -> Option<f64> {
        let quantized = [4, 8].contains(&self.bits);
        quantized.then(|| self.relative(self.plain_error))
    }

    fn relative(&self, error: f64) -> f64 {
        if self.total > 0.0 {
            (error / self.total).sqrt()
        } else {
            0.0
        }
    }

    /// Adds values and returns the sum of their squared errors.
    fn add(&mut self, written: &[f32], source: &[f32]) -> f64 {
        let pairs = written.iter().zip(source);
        let error: f64 = pairs.map(|(w, s)| f64::from(w - s).powi(2)).sum();
        self.error += error;
        self.total += source.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>();
        error
    }
}

impl Plan {
    /// Compares every value of `written` with `source`: quantized ones must have the level that is
    /// nearest, and each group no more error than by MLX's rule; floats must be within the
    /// rounding of 16 bits, and copies equal.
    ///
    /// # Errors
    /// [`Error::Integrity`] naming the first tensor that differs by more;
    /// [`Error::WeightsMismatch`] when one is missing.
    pub fn compare(
        &self,
        source: &dyn TensorSource,
        written: &dyn TensorSource,
    ) -> Result<Report, Error> {
        let mut report = Report::default();
        for step in &self.steps {
            let bits = match step.store {
                Store::Copied => 0,
                Store::Half => 16,
                Store::Quantized(params) => params.bits,
            };
            let group = report.groups.entry(group_name(step)).or_default();
            group.bits = bits;
            group.tensors += 1;
            group.bytes += step.bytes();
            for (name, info) in &step.outputs {
                if written.info(name) != Some(info) {
                    return Err(missing(name));
                }
            }
            match step.store {
                Store::Copied => compare_copy(step, source, written)?,
                Store::Half => compare_half(step, source, written, group)?,
                Store::Quantized(params) => {
                    compare_quantized(step, params, source, written, group)?;
                }
            }
        }
        Ok(report)
    }
}

/// The layer with its numbers as `*`; everything that stays a float by part of the model.
fn group_name(step: &Step) -> String {
    let Store::Quantized(_) = step.store else {
        let part = step.source.split('.').next().unwrap_or_default();
        return format!("{part}, other tensors");
    };
    let number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    let words = step.layer().split('.');
    let words: Vec<&str> = words
        .map(|word| if number(word) { "*" } else { word })
        .collect();
    words.join(".")
}

/// Blocks of rows, as ranges.
fn blocks(info: &TensorInfo, rows: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let size = block_rows(info);
    (0..rows)
        .step_by(size)
        .map(move |start| start..rows.min(start + size))
}

fn compare_copy(
    step: &Step,
    source: &dyn TensorSource,
    written: &dyn TensorSource,
) -> Result<(), Error> {
    for (name, info) in &step.outputs {
        for rows in blocks(info, step.rows()) {
            let [theirs, ours] =
                [source, written].map(|from| from.read_rows(name, rows.start, rows.len()));
            if theirs? != ours? {
                return Err(differs(name));
            }
        }
    }
    Ok(())
}

fn compare_half(
    step: &Step,
    source: &dyn TensorSource,
    written: &dyn TensorSource,
    group: &mut Group,
) -> Result<(), Error> {
    let name = &step.source;
    let info = source.info(name).ok_or_else(|| missing(name))?;
    for rows in blocks(info, step.rows()) {
        let [theirs, ours] =
            [source, written].map(|from| from.read_rows(name, rows.start, rows.len()));
        let theirs = dtype::to_f32(name, info.dtype, &theirs?)?;
        let ours = dtype::to_f32(name, dtype::Dtype::F16, &ours?)?;
        for (&ours, &theirs) in ours.iter().zip(&theirs) {
            // Not `>`: a value that is no number is a difference too.
            let near = (ours - theirs).abs() <= theirs.abs() * HALF_ROUNDING + HALF_SMALLEST;
            if !near {
                return Err(differs(name));
            }
        }
        group.add(&ours, &theirs);
    }
    Ok(())
}

fn compare_quantized(
    step: &Step,
    params: QuantParams,
    source: &dyn TensorSource,
    written: &dyn TensorSource,
    group: &mut Group,
) -> Result<(), Error> {
    let name = &step.source;
    let info = source.info(name).ok_or_else(|| missing(name))?;
    let &[rows, columns] = info.shape.as_slice() else {
        return Err(differs(name));
    };
    let [scales, biases] = ["scales", "biases"].map(|part| format!("{}.{part}", step.layer()));
    let mut values = vec![0.0; columns];
    for rows in blocks(info, rows) {
        let read = |name: &str| written.read_rows(name, rows.start, rows.len());
        let table = Quantized::new(
            rows.len(),
            columns,
            params,
            dtype::to_u32(name, dtype::Dtype::U32, &read(name)?)?,
            dtype::to_f16(&scales, dtype::Dtype::F16, &read(&scales)?)?,
            dtype::to_f16(&biases, dtype::Dtype::F16, &read(&biases)?)?,
        )
        .map_err(|e| named(name, e))?;
        let theirs = source.read_rows(name, rows.start, rows.len())?;
        let theirs = dtype::to_f32(name, info.dtype, &theirs)?;
        for (row, theirs) in theirs.chunks_exact(columns).enumerate() {
            table.dequantize_into(row, &mut values);
            let near = nearest_levels(&table, row, &values, theirs);
            let [ours, theirs] = [&values[..], theirs].map(|v| v.chunks_exact(params.group_size));
            for (ours, theirs) in ours.zip(theirs) {
                let plain = plain_error(theirs, params.bits).map_err(|e| named(name, e))?;
                group.plain_error += plain;
                let most = plain * (1.0 + SUM_ROUNDING) + SUM_SMALLEST;
                let good = group.add(ours, theirs) <= most;
                if !(near && good) {
                    return Err(differs(name));
                }
            }
        }
    }
    Ok(())
}

/// Whether all values of a row have the level of their group that is nearest.
fn nearest_levels(table: &Quantized, row: usize, ours: &[f32], theirs: &[f32]) -> bool {
    let QuantParams { group_size, bits } = table.params();
    let top = ((1_u32 << bits) - 1) as f32;
    let first = row * (table.columns() / group_size);
    let groups = table.scales()[first..].iter().zip(&table.biases()[first..]);
    let values = ours
        .chunks_exact(group_size)
        .zip(theirs.chunks_exact(group_size));
    groups.zip(values).all(|((scale, bias), (ours, theirs))| {
        let (scale, bias) = (scale.to_f32(), bias.to_f32());
        let step = scale.abs();
        // Scale and bias were rounded to 16 bits after the quants were chosen.
        let rounding = HALF_ROUNDING * (step * top + bias.abs()) + HALF_SMALLEST * (top + 1.0);
        let (low, high) = match bias + top * scale {
            end if end < bias => (end, bias),
            end => (bias, end),
        };
        ours.iter().zip(theirs).all(|(ours, theirs)| {
            // Not `clamp`, which panics where a level is no number.
            let reachable = theirs.max(low).min(high);
            (ours - reachable).abs() <= 0.5 * step + rounding
        })
    })
}

fn differs(name: &str) -> Error {
    damaged(name, "what was written differs from the source")
}
