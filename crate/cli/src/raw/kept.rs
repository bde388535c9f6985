//! The original files of a raw repository, for those who want them.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::repository::Repository;
use crate::checkpoint::README;
use crate::fault::Fault;
use crate::fetch::{PartialFile, Stream, Version};
use crate::terminal::progress_bar;
use indicatif::ProgressBar;

const TEMPLATE: &str = "download {wide_bar} {decimal_bytes}/{decimal_total_bytes} \
    {decimal_bytes_per_sec} {eta}";
/// Bytes that are read before they are written, and lost when the host is.
const BUFFER_BYTES: u64 = 1 << 16;

/// Where they are, beside what they become.
fn folder_in(model: &Path) -> PathBuf {
    model.join("source")
}

/// Removes them.
pub fn remove(model: &Path) -> Result<(), Fault> {
    let folder = folder_in(model);
    match fs::remove_dir_all(&folder) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => Err(Fault::file(&folder, cause)),
        _ => Ok(()),
    }
}

/// The large files of `repository` that are not there yet.
pub fn missing<'a>(repository: &'a Repository, model: &Path) -> Vec<(&'a str, &'a Version)> {
    let folder = folder_in(model);
    let card = repository.card.iter().map(|version| (README, version));
    let weights = repository.weights.iter();
    let files = card.chain(weights.map(|(name, version)| (name.as_str(), version)));
    let absent = |(name, version): &(&str, &Version)| {
        let there = fs::metadata(folder.join(name));
        !there.is_ok_and(|there| there.len() == version.bytes)
    };
    files.filter(absent).collect()
}

/// Downloads the files of `repository`; their folder.
pub fn keep(repository: &Repository, stream: &mut Stream, model: &Path) -> Result<PathBuf, Fault> {
    let folder = folder_in(model);
    fs::create_dir_all(&folder).map_err(|cause| Fault::file(&folder, cause))?;
    for (name, bytes) in &repository.small {
        let path = folder.join(name);
        fs::write(&path, bytes).map_err(|cause| Fault::file(&path, cause))?;
    }
    let missing = missing(repository, model);
    let bar = progress_bar(TEMPLATE);
    bar.set_length(missing.iter().map(|(_, version)| version.bytes).sum());
    for (name, version) in missing {
        let url = repository.address.file(name);
        download(&url, version, stream, &folder.join(name), &bar)?;
    }
    bar.finish_and_clear();
    eprintln!("the original files are in {}", folder.display());
    Ok(folder)
}

/// One file, behind what an earlier run has of the same version.
fn download(
    url: &str,
    version: &Version,
    stream: &mut Stream,
    target: &Path,
    bar: &ProgressBar,
) -> Result<(), Fault> {
    let partial = PartialFile::of(target);
    if version.tag.is_none() || partial.tag() != version.tag {
        partial.remove();
        partial.store_tag(version.tag.as_deref())?;
    }
    let unwritten = |cause| Fault::file(&partial.data, cause);
    let mut file = partial.append().map_err(unwritten)?;
    let mut at = partial.bytes();
    bar.inc(at);
    while at < version.bytes {
        let end = version.bytes.min(at + BUFFER_BYTES);
        let bytes = stream.read(url, version, at..end)?;
        file.write_all(&bytes).map_err(unwritten)?;
        bar.inc(end - at);
        at = end;
    }
    drop(file);
    partial.rename_to(target)
}
