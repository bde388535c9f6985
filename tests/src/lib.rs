//! What the tests share: the fixtures, and reproducible damage.

pub mod browser_folder;
pub mod golden;
pub mod imports;
pub mod scenes;
pub mod sources;

use std::path::{Path, PathBuf};

use askmask_core::image::{ImageSize, RgbImage};
use askmask_core::weights::{InMemory, TensorSource, dtype};
use serde::de::DeserializeOwned;

/// A file below `tests/fixtures`.
pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name)
}

/// Its bytes.
pub fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap_or_else(|e| panic!("fixture {name}: {e}"))
}

/// Its JSON.
pub fn json<T: DeserializeOwned>(name: &str) -> T {
    serde_json::from_slice(&bytes(name)).unwrap_or_else(|e| panic!("fixture {name}: {e}"))
}

/// The named tensors of one safetensors fixture.
pub struct Tensors(InMemory);

impl Tensors {
    pub fn open(name: &str) -> Self {
        Self(InMemory::new([(name.to_owned(), bytes(name))]).expect(name))
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.info(name).is_some()
    }

    pub fn shape(&self, name: &str) -> &[usize] {
        &self.0.info(name).expect(name).shape
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        self.0.read(name).expect(name).into_owned()
    }

    pub fn f32(&self, name: &str) -> Vec<f32> {
        let info = self.0.info(name).expect(name);
        dtype::to_f32(name, info.dtype, &self.bytes(name)).expect(name)
    }

    /// Whole numbers.
    pub fn i64(&self, name: &str) -> Vec<i64> {
        let word = |bytes: &[u8]| i64::from_le_bytes(bytes.try_into().expect("eight bytes"));
        self.bytes(name).chunks_exact(8).map(word).collect()
    }

    /// A `[height, width, 3]` tensor of bytes as a picture.
    pub fn picture(&self, name: &str) -> RgbImage {
        RgbImage {
            size: self.size(name),
            data: self.bytes(name),
        }
    }

    /// The first two dimensions.
    pub fn size(&self, name: &str) -> ImageSize {
        let shape = self.shape(name);
        ImageSize {
            height: shape[0],
            width: shape[1],
        }
    }
}

/// Damages copies of `original` in `count` reproducible ways: bytes changed, cut out, doubled,
/// and the end cut off.
pub fn mutations(original: &[u8], count: u64) -> impl Iterator<Item = Vec<u8>> + '_ {
    (0..count).map(|seed| {
        let mut random = Random(seed + 1);
        let mut bytes = original.to_vec();
        for _ in 0..=random.below(4) {
            mutate(&mut bytes, &mut random);
        }
        bytes
    })
}

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    if bytes.is_empty() {
        return;
    }
    let at = random.below(bytes.len());
    let end = (at + 1 + random.below(16)).min(bytes.len());
    match random.below(6) {
        0 => bytes.truncate(at),
        1 => drop(bytes.drain(at..end)),
        2 => bytes.extend_from_within(at..end),
        3 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff, b'"', b'9', b'-'][random.below(8)],
        _ => bytes[at] ^= 1 << random.below(8),
    }
}

/// xorshift64*.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit
    }
}
