//! Raw repositories: checkpoints as their publishers saved them, converted while they are
//! downloaded. Nothing of them is kept but what they become.

mod kept;
mod repository;
mod target;

use std::ops::Range;
use std::path::Path;

use askmask_core::Error;
use askmask_core::pipeline::RawCheckpoint;
use askmask_core::quantize::{Conversion, Options};
use askmask_core::weights::digest::Sha256;
use askmask_core::weights::{Files, ReadAt};
use indicatif::DecimalBytes;

use crate::address::ModelAddress;
use crate::fault::Fault;
use crate::fetch::{Client, Stream};
use crate::terminal::{printable, progress_bar};
use repository::Repository;
use target::Target;

pub use target::is_in;

const TEMPLATE: &str = "convert {wide_bar} {decimal_bytes}/{decimal_total_bytes} \
    {decimal_bytes_per_sec} {eta}, layer {msg}";
/// Bytes of tensors that are compared at a time.
const CHUNK: u64 = 1 << 20;

/// The bytes of a part of a source's file.
type Read<'a> = dyn FnMut(&str, Range<u64>) -> Result<Vec<u8>, Fault> + 'a;

/// Converts the raw repository at `address` into `folder`, behind what an earlier run has done.
/// `no_manifest` is why it is not a converted one, and `keep` whether its files stay.
pub fn fetch(
    address: &ModelAddress,
    no_manifest: &Error,
    client: &Client,
    folder: &Path,
    keep: bool,
) -> Result<(), Fault> {
    let attempt = || {
        let repository = Repository::open(address, no_manifest.clone(), client)?;
        convert(&repository, client, folder, keep)
    };
    match attempt() {
        Err(Fault::Changed(error)) => {
            eprintln!("{error}; the conversion begins anew");
            attempt()
        }
        done => done,
    }
}

fn convert(
    repository: &Repository,
    client: &Client,
    folder: &Path,
    keep: bool,
) -> Result<(), Fault> {
    let Repository {
        address,
        raw,
        weights: versions,
        ..
    } = repository;
    let plan = raw.plan(&Options::default())?;
    let tokenizer = Some(repository.tokenizer.as_slice());
    let mut conversion = raw.conversion(&plan, tokenizer, repository.origin.clone())?;
    let target = Target { folder, versions };
    target.resume(&mut conversion)?;
    // From here on what is in the folder is of this source.
    target.note(&conversion)?;
    eprintln!("{}", announcement(repository, &conversion, folder, keep));
    let mut stream = Stream::new(client);
    let kept = match keep {
        true => Some(Files::new(kept::keep(repository, &mut stream, folder)?)),
        false => None,
    };
    let mut read = |file: &str, range: Range<u64>| match &kept {
        None => stream.read(&address.file(file), repository.version(file)?, range),
        Some(files) => {
            let mut bytes = vec![0; (range.end - range.start) as usize];
            files.read_at(file, range.start, &mut bytes)?;
            Ok(bytes)
        }
    };
    if conversion.source_bytes().0 == 0 {
        check_copies(raw, &mut read)?;
    }
    let bar = progress_bar(TEMPLATE);
    let (done, total) = conversion.source_bytes();
    bar.set_length(total);
    bar.set_position(done);
    // The rate is that of this run.
    bar.reset_eta();
    let show = |conversion: &Conversion| {
        let (layer, layers) = conversion.layers();
        bar.set_position(conversion.source_bytes().0);
        bar.set_message(format!("{layer}/{layers}"));
    };
    let mut read_need = |need: &_| {
        let (file, range) = raw.place(need)?;
        read(file, range)
    };
    target.write(conversion, &mut read_need, &show)?;
    bar.finish_and_clear();
    Ok(())
}

/// What is about to happen, on one line.
fn announcement(
    repository: &Repository,
    conversion: &Conversion,
    folder: &Path,
    keep: bool,
) -> String {
    let manifest = conversion.manifest();
    let (done, total) = conversion.source_bytes();
    let raw = &repository.raw;
    let bytes_of = |name: &str| {
        raw.place_of(name)
            .map_or(0, |(_, range)| range.end - range.start)
    };
    let copies = raw.copies().iter();
    let copies = copies.map(|copy| bytes_of(&copy.name) + bytes_of(&copy.original));
    let download = match (keep, done) {
        (true, _) => {
            let missing = kept::missing(repository, folder).into_iter();
            missing.map(|(_, version)| version.bytes).sum()
        }
        (false, 0) => total + copies.sum::<u64>(),
        (false, done) => total - done,
    };
    let originals = repository.weights.values().map(|version| version.bytes);
    let originals = if keep { originals.sum() } else { 0 };
    printable(&format!(
        "{}, licence {}, from {}: {} to download, {} to keep",
        manifest.name,
        manifest.licence,
        repository.address.host(),
        DecimalBytes(download),
        DecimalBytes(manifest.bytes() + originals),
    ))
}

/// Whether tensors that are saved a second time are the same.
fn check_copies(raw: &RawCheckpoint, read: &mut Read) -> Result<(), Fault> {
    let mut hash = |name: &str| -> Result<String, Fault> {
        let (file, range) = raw.place_of(name)?;
        let mut hash = Sha256::new();
        for start in range.clone().step_by(CHUNK as usize) {
            let end = range.end.min(start + CHUNK);
            hash.update(&read(file, start..end)?);
        }
        Ok(hash.hex())
    };
    for copy in raw.copies() {
        if hash(&copy.name)? != hash(&copy.original)? {
            return Err(copy.refusal().into());
        }
    }
    Ok(())
}
