//! SHA-256 of files.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use askmask_core::weights::digest::Sha256;

use crate::fault::Fault;

const BUFFER_BYTES: usize = 1 << 20;

/// SHA-256 of a file in hexadecimal digits, read piece by piece.
pub fn sha256(path: &Path) -> Result<String, Fault> {
    let failed = |cause| Fault::file(path, cause);
    let mut hash = Sha256::new();
    let mut file = File::open(path).map_err(failed)?;
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match file.read(&mut buffer).map_err(failed)? {
            0 => return Ok(hash.hex()),
            count => hash.update(&buffer[..count]),
        }
    }
}
