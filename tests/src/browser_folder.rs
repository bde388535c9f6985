//! Fixture models as `askmask quantize` writes them for the browser.

use std::collections::BTreeMap;
use std::io::{self, Write};

use askmask_core::Error;
use askmask_core::models::sa2va::{self, Config};
use askmask_core::pipeline::{FAMILIES, ModelFiles};
use askmask_core::quantize::{Extras, Options, Plan, Sink};
use askmask_core::weights::manifest::Origin;
use askmask_core::weights::{Manifest, ReadAt, Shards, Stored};

use crate::{bytes, path};

/// The files of such a folder, in memory.
#[derive(Default, Clone)]
pub struct BrowserFolder(pub BTreeMap<String, Vec<u8>>);

impl BrowserFolder {
    /// Quantizes fixture `name` by the default recipe; weights that are quantized already stay.
    pub fn of(name: &str) -> Self {
        let source = Shards::open(&path(name)).expect("the fixture's weights are sound");
        let text = String::from_utf8(bytes(&format!("{name}/config.json"))).expect("text");
        let config = Config::parse(&text).expect("a sound configuration");
        let json = serde_json::from_str(&text).expect("JSON");
        let plan = Plan::new(&source, &json, &sa2va::table(&config), &Options::default());
        let plan = plan.expect("a model to quantize");
        let mut files = Self::default();
        let extras = Extras {
            config: &json,
            tokenizer: &bytes(&format!("{name}/tokenizer.json")),
            origin: Origin::default(),
            family: sa2va::FAMILY,
        };
        let conversion = plan.conversion(extras).expect("a model to convert");
        conversion
            .write(&source, &mut files)
            .expect("memory takes every file");
        files
    }

    pub fn manifest(&self) -> Manifest {
        let text = String::from_utf8(self.0["manifest.json"].clone()).expect("text");
        Manifest::parse(&text, FAMILIES).expect("our own manifest is sound")
    }

    /// The model behind its manifest, as the browser reads it.
    pub fn files(&self) -> ModelFiles {
        let stored = Stored::new(self.manifest(), Box::new(self.clone()));
        stored
            .check_hashes()
            .expect("hashes are those of the files");
        ModelFiles::from_stored(stored).expect("a sound model")
    }
}

impl Sink for BrowserFolder {
    fn create(&mut self, name: &str) -> io::Result<Box<dyn Write + '_>> {
        Ok(Box::new(self.0.entry(name.to_owned()).or_default()))
    }

    fn progress(&mut self, done: u64, total: u64) -> Result<(), Error> {
        assert!(done <= total);
        Ok(())
    }
}

impl ReadAt for BrowserFolder {
    fn read_at(&self, file: &str, offset: u64, buffer: &mut [u8]) -> Result<(), Error> {
        let start = offset as usize;
        let bytes = self
            .0
            .get(file)
            .and_then(|file| file.get(start..start + buffer.len()));
        buffer.copy_from_slice(bytes.ok_or_else(|| Error::Integrity {
            file: file.to_owned(),
            reason: "too short".into(),
        })?);
        Ok(())
    }
}
