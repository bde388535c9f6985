//! What a raw repository is, found out from its small files and the headers of its weights.

use std::collections::BTreeMap;

use askmask_core::Error;
use askmask_core::first_bytes;
use askmask_core::pipeline::RawCheckpoint;
use askmask_core::weights::card;
use askmask_core::weights::manifest::Origin;
use askmask_core::weights::safetensors::{PREFIX, header_length};
use askmask_core::weights::{Headers, Index};

use crate::address::ModelAddress;
use crate::checkpoint::{ADAPTER, CONFIG, INDEX, README, SINGLE, adapter_refusal, tokenizer_json};
use crate::fault::Fault;
use crate::fetch::{Client, Stream, Version, network};
use crate::interrupt;

/// Most bytes of a file without weights; the core has limits of its own for each.
const MAX_SMALL: usize = 32 << 20;
/// First bytes of a file with weights that are asked for: more than most headers have.
const START: usize = 1 << 20;
/// What stands for a licence that the model card does not state.
const NO_LICENCE: &str = "not stated";

/// Versions of files by name.
pub type Versions = BTreeMap<String, Version>;

/// A checkpoint on a host, whose weights are still there.
pub struct Repository {
    /// With the commit that all files are of, where the host is a hub.
    pub address: ModelAddress,
    pub raw: RawCheckpoint,
    /// Bytes of `tokenizer.json`.
    pub tokenizer: Vec<u8>,
    pub origin: Origin,
    /// Of the files with weights.
    pub weights: Versions,
    /// Of the model card.
    pub card: Option<Version>,
    /// Names and bytes of the other files that were read.
    pub small: Vec<(String, Vec<u8>)>,
}

impl Repository {
    /// Asks everything that can be answered before a weight is read.
    ///
    /// `no_manifest` is why there is no converted model, and the fault where there is no raw one
    /// either.
    pub fn open(
        address: &ModelAddress,
        no_manifest: Error,
        client: &Client,
    ) -> Result<Self, Fault> {
        let config = match client.read(&address.file(CONFIG), MAX_SMALL) {
            Ok(config) => config,
            Err(Fault::Absent(_)) => return Err(Fault::Absent(no_manifest)),
            Err(fault) => return Err(fault),
        };
        let commit = config.commit.as_deref();
        let address = commit.map_or_else(|| address.clone(), |commit| address.pinned(commit));
        let mut files = Files {
            address: &address,
            client,
            small: Vec::new(),
            headers: Headers::default(),
            weights: Versions::new(),
        };
        if files.find(ADAPTER)?.is_some() {
            return Err(adapter_refusal().into());
        }
        files.find_weights(&no_manifest)?;
        let text = first_bytes::text(CONFIG, &config.bytes)?;
        let raw = RawCheckpoint::open(text, std::mem::take(&mut files.headers))?;
        let tokenizer = tokenizer_json(|name| files.find(name))?;
        let (licence, card) = files.read_card()?;
        let Files {
            mut small, weights, ..
        } = files;
        small.push((CONFIG.to_owned(), config.bytes));
        let origin = Origin {
            name: address.title().to_owned(),
            source: address.source(),
            licence,
        };
        Ok(Self {
            address,
            raw,
            tokenizer,
            origin,
            weights,
            card,
            small,
        })
    }

    /// Of a file with weights.
    pub fn version(&self, file: &str) -> Result<&Version, Error> {
        let none = || Error::Internal {
            reason: format!("{file} is read, but its header was not"),
        };
        self.weights.get(file).ok_or_else(none)
    }
}

/// The files of a repository as far as they were looked at.
struct Files<'a> {
    address: &'a ModelAddress,
    client: &'a Client,
    small: Vec<(String, Vec<u8>)>,
    headers: Headers,
    weights: Versions,
}

impl Files<'_> {
    /// The bytes of a small file, if there is one of that name.
    fn find(&mut self, name: &str) -> Result<Option<Vec<u8>>, Fault> {
        let url = self.address.file(name);
        let Some(file) = present(self.client.read(&url, MAX_SMALL))? else {
            return Ok(None);
        };
        self.small.push((name.to_owned(), file.bytes.clone()));
        Ok(Some(file.bytes))
    }

    /// Reads the headers of the one file or of all shards. The one counts more than an index, as in
    /// folders.
    fn find_weights(&mut self, no_manifest: &Error) -> Result<(), Fault> {
        if present(self.add_header(SINGLE))?.is_some() {
            return Ok(());
        }
        let Some(index) = self.find(INDEX)? else {
            let reason = format!(
                "{} has {CONFIG}, but neither {SINGLE} nor {INDEX}; weights in other files, such \
                 as pickled ones, are not read from a host ({no_manifest})",
                self.address.name
            );
            return Err(Error::UnsupportedModel { reason }.into());
        };
        let index = Index::parse(&index)?;
        for shard in index.shards() {
            interrupt::check()?;
            self.add_header(shard)?;
        }
        Ok(index.check(&self.headers)?)
    }

    fn add_header(&mut self, name: &str) -> Result<(), Fault> {
        let url = self.address.file(name);
        let (mut start, version) = self.client.start(&url, START)?;
        let end = PREFIX + header_length(name, &start)?;
        let version =
            version.ok_or_else(|| network(&url, "the host does not say how long the file is"))?;
        let (read, end) = (start.len() as u64, version.bytes.min(end as u64));
        if read < end {
            let rest = Stream::new(self.client).read(&url, &version, read..end)?;
            start.extend(rest);
        }
        self.headers.add(name, &start, version.bytes)?;
        self.weights.insert(name.to_owned(), version);
        Ok(())
    }

    /// What the model card says of the licence.
    fn read_card(&self) -> Result<(String, Option<Version>), Fault> {
        let found = present(self.client.start(&self.address.file(README), card::ENOUGH))?;
        let (start, version) = found.unwrap_or_default();
        let licence = card::licence(&String::from_utf8_lossy(&start));
        Ok((licence.unwrap_or_else(|| NO_LICENCE.to_owned()), version))
    }
}

/// `None` for a file that the host does not have.
fn present<T>(found: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Fault::Absent(_)) => Ok(None),
        Err(fault) => Err(fault),
    }
}
