//! A checkpoint with a public one's true names, shapes and types and random weights, for proofs of
//! size: what the real one needs in memory and time, this one needs too. Never committed.

mod tokenizer;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::run::{Error, Result, root};

/// Bytes after which a shard ends, as the hub's own tools cut them.
const SHARD_BYTES: usize = 1 << 30;

/// `tests/fixtures/sa2va_{size}_shapes.json`.
#[derive(Deserialize)]
struct Shapes {
    tensors: Vec<Pattern>,
}

/// A tensor, or one for each number in `from..=to`.
#[derive(Deserialize)]
struct Pattern {
    name: String,
    from: Option<usize>,
    to: Option<usize>,
    shape: Vec<usize>,
}

struct Tensor {
    name: String,
    shape: Vec<usize>,
}

impl Tensor {
    fn count(&self) -> usize {
        self.shape.iter().product()
    }

    /// bf16.
    fn bytes(&self) -> usize {
        2 * self.count()
    }
}

/// Writes the checkpoint of `size`, "1b" or "2b", into `folder`.
pub fn write(folder: &Path, size: &str) -> Result {
    let fixtures = root().join("tests/fixtures");
    std::fs::create_dir_all(folder)?;
    let config = fixtures.join(format!("sa2va_{size}_config.json"));
    std::fs::copy(config, folder.join("config.json"))?;
    for (name, text) in tokenizer::files() {
        std::fs::write(folder.join(name), text)?;
    }
    let text = std::fs::read_to_string(fixtures.join(format!("sa2va_{size}_shapes.json")))?;
    let shapes: Shapes = serde_json::from_str(&text).map_err(|e| Error(format!("shapes: {e}")))?;
    let shards = split_into_shards(shapes.tensors.iter().flat_map(expand).collect());
    let mut map = Map::new();
    for (i, shard) in shards.iter().enumerate() {
        let file = format!("model-{:05}-of-{:05}.safetensors", i + 1, shards.len());
        println!("{file}: {} tensors", shard.len());
        write_shard(&folder.join(&file), shard)?;
        map.extend(
            shard
                .iter()
                .map(|t| (t.name.clone(), Value::from(file.as_str()))),
        );
    }
    let total: usize = shards.iter().flatten().map(Tensor::bytes).sum();
    let index = json!({"metadata": {"total_size": total}, "weight_map": map});
    std::fs::write(
        folder.join("model.safetensors.index.json"),
        index.to_string(),
    )?;
    println!("{} bytes in {}", total, folder.display());
    Ok(())
}

fn expand(pattern: &Pattern) -> Vec<Tensor> {
    let numbers = match (pattern.from, pattern.to) {
        (Some(from), Some(to)) => from..=to,
        _ => 0..=0,
    };
    let tensor = |number: usize| Tensor {
        name: pattern.name.replace("{}", &number.to_string()),
        shape: pattern.shape.clone(),
    };
    numbers.map(tensor).collect()
}

/// Shards of at most [`SHARD_BYTES`] bytes, but for a single tensor that is larger.
fn split_into_shards(tensors: Vec<Tensor>) -> Vec<Vec<Tensor>> {
    let mut shards: Vec<Vec<Tensor>> = vec![Vec::new()];
    let mut bytes = 0;
    for tensor in tensors {
        if bytes > 0 && bytes + tensor.bytes() > SHARD_BYTES {
            shards.push(Vec::new());
            bytes = 0;
        }
        bytes += tensor.bytes();
        if let Some(shard) = shards.last_mut() {
            shard.push(tensor);
        }
    }
    shards
}

fn write_shard(path: &Path, tensors: &[Tensor]) -> Result {
    let mut header = Map::new();
    let mut end = 0;
    for tensor in tensors {
        let start = end;
        end += tensor.bytes();
        let entry = json!({"dtype": "BF16", "shape": tensor.shape, "data_offsets": [start, end]});
        header.insert(tensor.name.clone(), entry);
    }
    let header = Value::from(header).to_string();
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    file.write_all(&(header.len() as u64).to_le_bytes())?;
    file.write_all(header.as_bytes())?;
    for tensor in tensors {
        write_values(&mut file, tensor)?;
    }
    Ok(file.flush()?)
}

/// Uniform values of a width that keeps activations at about one: weights by their fan-in, norms
/// around one, everything else small.
fn write_values(file: &mut impl Write, tensor: &Tensor) -> Result {
    let fan_in: usize = tensor.shape[1..].iter().product();
    let norm = tensor.name.contains("norm") && tensor.name.ends_with("weight");
    let (mean, width) = match tensor.shape.len() {
        1 if norm => (1.0, 0.1),
        1 => (0.0, 0.05),
        _ => (0.0, (3.0 / fan_in as f32).sqrt()),
    };
    let mut random = Random(seed(&tensor.name));
    for _ in 0..tensor.count() {
        let value = mean + width * random.next();
        // The upper half of an f32 is a bf16; which way it rounds does not matter here.
        file.write_all(&value.to_le_bytes()[2..])?;
    }
    Ok(())
}

/// FNV-1a, so that a tensor's values depend on its name alone.
fn seed(name: &str) -> u64 {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    name.bytes().fold(0xcbf2_9ce4_8422_2325, mix) | 1
}

/// xorshift64*.
struct Random(u64);

impl Random {
    /// Uniform in −1..1.
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let top = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 40;
        top as f32 / (1 << 23) as f32 - 1.0
    }
}
