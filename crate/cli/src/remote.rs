//! Models from the network: where their files lie, and the cache that keeps them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use askmask_core::Error;
use askmask_core::pipeline::FAMILIES;
use askmask_core::weights::Manifest;
use askmask_core::weights::digest::Sha256;
use askmask_core::weights::manifest::{FileEntry, MANIFEST, MAX_MANIFEST};
use indicatif::{ProgressBar, ProgressStyle};

use crate::fault::Fault;
use crate::fetch::{Client, hash, network};
use crate::host::{self, Terminal};

/// The address of a model folder, and of its manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    base: String,
    manifest: String,
}

impl Remote {
    /// From the address of a `manifest.json`.
    pub fn at(url: &str) -> Result<Self, String> {
        let path = url.split(['?', '#']).next().unwrap_or(url);
        let host = path.split_once("://").map_or("", |(_, rest)| rest);
        match path.rsplit_once('/') {
            Some((base, name)) if names_json(name) && host.contains('/') => Ok(Self {
                base: base.to_owned(),
                manifest: url.to_owned(),
            }),
            _ => Err(format!("{url:?} is not the address of a manifest.json")),
        }
    }

    /// From OWNER/NAME@REVISION at a hub; without a revision its main branch.
    pub fn hub(id: &str, host: &str) -> Result<Self, String> {
        let (id, revision) = id.split_once('@').unwrap_or((id, "main"));
        let plain = |word: &str| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            !word.is_empty() && !word.starts_with('.') && word.chars().all(allowed)
        };
        let known = id
            .split_once('/')
            .is_some_and(|(owner, name)| plain(owner) && plain(name));
        if !known || !revision.split('/').all(plain) {
            return Err(format!("{id:?} is not OWNER/NAME or OWNER/NAME@REVISION"));
        }
        let base = format!("{}/{id}/resolve/{revision}", host.trim_end_matches('/'));
        Ok(Self {
            manifest: format!("{base}/{MANIFEST}"),
            base,
        })
    }

    /// A folder with all its files, whole and verified. What is in the cache is not fetched
    /// again, and is enough when the host does not answer or refuses.
    pub fn folder(&self, patience: Duration, host: &Terminal) -> Result<PathBuf, Fault> {
        let folder = cache()?.join(self.key());
        fs::create_dir_all(&folder).map_err(|e| Fault::file(&folder, &e))?;
        // One run downloads, others wait for it. Released when the file is closed.
        let lock = folder.join(".lock");
        let _lock = File::create(&lock)
            .and_then(|file| file.lock().map(|()| file))
            .map_err(|e| Fault::file(&lock, &e))?;
        let client = Client::new(patience);
        let stored = folder.join(MANIFEST);
        let (text, fresh) = match self.manifest(&client) {
            Ok(text) => (text, true),
            Err(fault) => match fs::read_to_string(&stored) {
                Ok(text) => (text, false),
                Err(_) => return Err(fault),
            },
        };
        let manifest = Manifest::parse(&text, FAMILIES)?;
        self.complete(&client, &manifest, &folder, host)?;
        if fresh {
            // Last, so that a folder with a manifest can be used.
            let partial = folder.join("manifest.part");
            fs::write(&partial, text)
                .and_then(|()| fs::rename(&partial, &stored))
                .map_err(|e| Fault::file(&stored, &e))?;
        } else {
            host.note("the host gives no manifest; the stored copy is used");
        }
        Ok(folder)
    }

    fn manifest(&self, client: &Client) -> Result<String, Fault> {
        let bytes = client.small(&self.manifest, MAX_MANIFEST)?;
        let unreadable = |_| Fault::from(network(&self.manifest, "it is no text"));
        let text = String::from_utf8(bytes).map_err(unreadable)?;
        // Whatever its type is called.
        match text.trim_start().starts_with('<') {
            true => Err(network(&self.manifest, "a web page came instead of the file").into()),
            false => Ok(text),
        }
    }

    /// Fetches every file that is not whole.
    fn complete(
        &self,
        client: &Client,
        manifest: &Manifest,
        folder: &Path,
        host: &Terminal,
    ) -> Result<(), Fault> {
        let mut missing: Vec<&FileEntry> = Vec::new();
        for file in &manifest.files {
            let path = folder.join(&file.name);
            if !(path.is_file() && hash(&path)? == file.sha256) {
                missing.push(file);
            }
        }
        let bar = bar(missing.iter().map(|file| file.bytes).sum());
        for file in missing {
            let url = format!("{}/{}", self.base, file.name);
            let path = folder.join(&file.name);
            client.file(&url, file, &path, &mut |bytes| {
                bar.inc(bytes);
                match host.interrupted() {
                    true => Err(Error::Cancelled),
                    false => Ok(()),
                }
            })?;
        }
        bar.finish_and_clear();
        Ok(())
    }

    /// Name of its folder in the cache.
    fn key(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.manifest.as_bytes());
        hash.hex()[..32].to_owned()
    }
}

fn names_json(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

fn bar(total: u64) -> ProgressBar {
    let bar = host::bar();
    bar.set_length(total);
    let style = ProgressStyle::with_template("download {wide_bar} {bytes}/{total_bytes} {eta}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

/// `askmask/models` in the cache folder of this person.
fn cache() -> Result<PathBuf, Fault> {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let base = folder("XDG_CACHE_HOME")
        .or_else(|| folder("LOCALAPPDATA"))
        .map(PathBuf::from)
        .or_else(|| folder("HOME").map(|home| PathBuf::from(home).join(".cache")));
    let none = || Fault::File("there is no cache folder; set XDG_CACHE_HOME".into());
    Ok(base.ok_or_else(none)?.join("askmask/models"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_manifests_are_split() {
        let remote = Remote::at("https://example.org/models/a/manifest.json?x=1").unwrap();
        assert_eq!(remote.base, "https://example.org/models/a");
        assert_eq!(
            remote.manifest,
            "https://example.org/models/a/manifest.json?x=1"
        );
        for wrong in [
            "https://example.org",
            "https://example.org/",
            "https://manifest.json",
        ] {
            assert!(Remote::at(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn hub_ids_cannot_lead_elsewhere() {
        let remote = Remote::hub("a/b", "http://localhost:8/").unwrap();
        assert_eq!(
            remote.manifest,
            "http://localhost:8/a/b/resolve/main/manifest.json"
        );
        let remote = Remote::hub("a/b@refs/pr/1", "http://h").unwrap();
        assert_eq!(remote.base, "http://h/a/b/resolve/refs/pr/1");
        for wrong in [
            "a", "a/b/c", "a/", "/b", "../b", "a/..", "a/b@", "a/b@../c", "a/b?x", "a/b@x y",
        ] {
            assert!(Remote::hub(wrong, "http://h").is_err(), "{wrong}");
        }
    }
}
