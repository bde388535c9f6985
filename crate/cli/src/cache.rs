//! Downloaded models, one folder for each address, in the cache of this person.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use askmask_core::pipeline::FAMILIES;
use askmask_core::weights::Manifest;
use askmask_core::weights::digest::Sha256;
use askmask_core::weights::manifest::{FileEntry, MANIFEST, MAX_MANIFEST};

use crate::address::ModelAddress;
use crate::fault::Fault;
use crate::fetch::{Client, network};
use crate::hash::sha256;
use crate::interrupt;
use crate::raw;
use crate::terminal::progress_bar;

const TEMPLATE: &str = "download {wide_bar} {decimal_bytes}/{decimal_total_bytes} \
    {decimal_bytes_per_sec} {eta}";
/// Digits of an address's hash that name its folder.
const KEY_DIGITS: usize = 32;

/// The folder of all downloaded models.
pub struct Cache(PathBuf);

impl Cache {
    /// `askmask/models` in the system's cache folder.
    pub fn open() -> Result<Self, Fault> {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let folder = variable("XDG_CACHE_HOME")
            .or_else(|| variable("LOCALAPPDATA"))
            .map(PathBuf::from)
            .or_else(|| variable("HOME").map(|home| PathBuf::from(home).join(".cache")));
        let none = || Fault::File("there is no cache folder; set XDG_CACHE_HOME".into());
        Ok(Self(folder.ok_or_else(none)?.join("askmask/models")))
    }

    /// The model's folder with all its files, whole and verified. What is in it is not
    /// downloaded again, and is enough when the host does not answer or refuses. Where the host has
    /// a raw repository, that is converted into the folder, and its own files are kept beside that
    /// if `keep_source`.
    pub fn fetch(
        &self,
        address: &ModelAddress,
        client: &Client,
        keep_source: bool,
    ) -> Result<PathBuf, Fault> {
        let folder = self.0.join(key(address));
        fs::create_dir_all(&folder).map_err(|cause| Fault::file(&folder, cause))?;
        // One run downloads, others wait for it. Released when the file is closed.
        let lock = folder.join(".lock");
        let _lock = File::create(&lock)
            .and_then(|file| file.lock().map(|()| file))
            .map_err(|cause| Fault::file(&lock, cause))?;
        let stored = folder.join(MANIFEST);
        match manifest(address, client) {
            Ok(text) => {
                complete(&folder, &Manifest::parse(&text, FAMILIES)?, address, client)?;
                // Last, so that a folder with a manifest can be used.
                let partial = folder.join("manifest.part");
                fs::write(&partial, text)
                    .and_then(|()| fs::rename(&partial, &stored))
                    .map_err(|cause| Fault::file(&stored, cause))?;
            }
            Err(Fault::Absent(why)) if raw::is_in(&folder) || !stored.is_file() => {
                if keep_source || !is_whole(&folder) {
                    raw::fetch(address, &why, client, &folder, keep_source)?;
                }
            }
            Err(fault) => {
                let Ok(text) = fs::read_to_string(&stored) else {
                    return Err(fault);
                };
                complete(&folder, &Manifest::parse(&text, FAMILIES)?, address, client)?;
                eprintln!("the host gives no manifest; the stored copy is used");
            }
        }
        Ok(folder)
    }
}

/// Name of the model's folder.
fn key(address: &ModelAddress) -> String {
    let mut hash = Sha256::new();
    hash.update(address.manifest.as_bytes());
    hash.hex()[..KEY_DIGITS].to_owned()
}

fn manifest(address: &ModelAddress, client: &Client) -> Result<String, Fault> {
    let url = &address.manifest;
    let bytes = client.read(url, MAX_MANIFEST)?.bytes;
    String::from_utf8(bytes).map_err(|_| network(url, "it is no text").into())
}

/// Whether a folder has every file of its manifest.
fn is_whole(folder: &Path) -> bool {
    let text = fs::read_to_string(folder.join(MANIFEST)).ok();
    let manifest = text.and_then(|text| Manifest::parse(&text, FAMILIES).ok());
    manifest
        .is_some_and(|manifest| missing(folder, &manifest).is_ok_and(|missing| missing.is_empty()))
}

/// The files of the manifest that are not there, or wrong.
fn missing<'a>(folder: &Path, manifest: &'a Manifest) -> Result<Vec<&'a FileEntry>, Fault> {
    let mut missing = Vec::new();
    for file in &manifest.files {
        let path = folder.join(&file.name);
        if !path.is_file() || sha256(&path)? != file.sha256 {
            missing.push(file);
        }
    }
    Ok(missing)
}

/// Downloads every file of the manifest that is missing or wrong.
fn complete(
    folder: &Path,
    manifest: &Manifest,
    address: &ModelAddress,
    client: &Client,
) -> Result<(), Fault> {
    let missing = missing(folder, manifest)?;
    let bar = progress_bar(TEMPLATE);
    bar.set_length(missing.iter().map(|file| file.bytes).sum());
    for file in missing {
        let url = address.file(&file.name);
        client.download(&url, file, &folder.join(&file.name), &mut |bytes| {
            bar.inc(bytes);
            interrupt::check()
        })?;
    }
    bar.finish_and_clear();
    Ok(())
}
