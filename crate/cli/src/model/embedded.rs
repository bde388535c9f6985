//! nano, the model inside the program.

use askmask_core::Error;
use askmask_core::pipeline::FAMILIES;
use askmask_core::weights::{Manifest, ReadAt, Stored};

/// nano's files, which are those of a browser folder.
pub fn stored() -> Result<Stored, Error> {
    let manifest = Manifest::parse(
        include_str!("../../../../models/nano/manifest.json"),
        FAMILIES,
    )?;
    Ok(Stored::new(manifest, Box::new(Embedded)))
}

struct Embedded;

impl ReadAt for Embedded {
    fn read_at(&self, file: &str, offset: u64, buffer: &mut [u8]) -> Result<(), Error> {
        let bytes: &[u8] = match file {
            "config.json" => include_bytes!("../../../../models/nano/config.json"),
            "tokenizer.json" => include_bytes!("../../../../models/nano/tokenizer.json"),
            "weights-00001.safetensors" => {
                include_bytes!("../../../../models/nano/weights-00001.safetensors")
            }
            _ => &[],
        };
        let rest = bytes.get(offset as usize..).unwrap_or_default();
        let Some(found) = rest.get(..buffer.len()) else {
            return Err(Error::Integrity {
                file: file.to_owned(),
                reason: "it ends too early".into(),
            });
        };
        buffer.copy_from_slice(found);
        Ok(())
    }
}
