//! SHA-256 of files, as their bytes come.

use std::fmt::Write;

use sha2::Digest;

/// A hash that is still being fed.
#[derive(Clone, Default)]
pub struct Sha256(sha2::Sha256);

impl Sha256 {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of everything so far as 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn hex(&self) -> String {
        let digest = self.0.clone().finalize();
        digest.iter().fold(String::new(), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first two examples of FIPS 180-2, appendix B.
    #[test]
    fn published_examples() {
        let hash = |text: &str| {
            let mut hash = Sha256::new();
            for bytes in text.as_bytes().chunks(5) {
                hash.update(bytes);
            }
            hash.hex()
        };
        assert_eq!(
            hash("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(
            hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        );
    }
}
