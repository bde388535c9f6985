//! Addresses of models: a folder on a web server, or a repository of a hub.

use std::path::Path;

use askmask_core::weights::manifest::MANIFEST;

/// The revision that a hub shows first.
const MAIN: &str = "main";

/// Where the files of a model are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelAddress {
    /// What the model is called in reports: an address without login and query, or the hub's id.
    pub name: String,
    pub manifest: String,
    /// Of the folder, without a slash at the end.
    pub folder: String,
    hub: Option<HubId>,
}

/// What a hub calls a model.
#[derive(Debug, Clone, PartialEq, Eq)]
struct HubId {
    host: String,
    /// OWNER/NAME.
    repository: String,
    revision: String,
}

impl ModelAddress {
    /// From the address of a `manifest.json`, or of the folder that holds it.
    pub fn from_url(url: &str) -> Result<Self, String> {
        let end = url.find(['?', '#']).unwrap_or(url.len());
        let (path, query) = url.split_at(end);
        let whole = path.trim_end_matches('/');
        let (host, _) = whole
            .split_once("://")
            .and_then(|(_, place)| place.split_once('/'))
            .ok_or_else(|| {
                format!("{url:?} is not the address of a folder or its manifest.json")
            })?;
        let (folder, manifest) = match path.rsplit_once('/') {
            Some((folder, file)) if is_json(file) => (folder, url.to_owned()),
            _ => (whole, format!("{whole}/{MANIFEST}{query}")),
        };
        let name = match host.rsplit_once('@') {
            Some((login, _)) => folder.replacen(&format!("{login}@"), "", 1),
            None => folder.to_owned(),
        };
        Ok(Self {
            name,
            manifest,
            folder: folder.to_owned(),
            hub: None,
        })
    }

    /// From OWNER/NAME@REVISION at a hub; without a revision its main branch.
    pub fn from_hub(id: &str, host: &str) -> Result<Self, String> {
        let (repository, revision) = id.split_once('@').unwrap_or((id, MAIN));
        let plain = |word: &str| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            !word.is_empty() && !word.starts_with('.') && word.chars().all(allowed)
        };
        let known = repository
            .split_once('/')
            .is_some_and(|(owner, name)| plain(owner) && plain(name));
        if !known || !revision.split('/').all(plain) {
            return Err(format!(
                "{repository:?} is not OWNER/NAME or OWNER/NAME@REVISION"
            ));
        }
        Ok(Self::of_hub(HubId {
            host: host.trim_end_matches('/').to_owned(),
            repository: repository.to_owned(),
            revision: revision.to_owned(),
        }))
    }

    fn of_hub(id: HubId) -> Self {
        let HubId {
            host,
            repository,
            revision,
        } = &id;
        let folder = format!("{host}/{repository}/resolve/{revision}");
        Self {
            name: format!("hub:{repository}@{revision}"),
            manifest: format!("{folder}/{MANIFEST}"),
            folder,
            hub: Some(id),
        }
    }

    /// The same repository at `commit`, which later commits do not change; any other folder as it
    /// is.
    pub fn pinned(&self, commit: &str) -> Self {
        match &self.hub {
            Some(id) => Self::of_hub(HubId {
                revision: commit.to_owned(),
                ..id.clone()
            }),
            None => self.clone(),
        }
    }

    /// Of a file beside the manifest.
    pub fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.folder)
    }

    /// Where weights come from that are converted: OWNER/NAME@REVISION, without the main branch, or
    /// the folder's address.
    pub fn source(&self) -> String {
        match &self.hub {
            Some(id) if id.revision == MAIN => id.repository.clone(),
            Some(id) => format!("{}@{}", id.repository, id.revision),
            None => self.name.clone(),
        }
    }

    /// What a model is called whose files do not say it: the last part of [`Self::source`]'s path.
    pub fn title(&self) -> &str {
        let path = self.hub.as_ref().map_or(&self.name, |id| &id.repository);
        path.rsplit('/').next().unwrap_or(path)
    }

    /// The host alone.
    pub fn host(&self) -> &str {
        let place = self.folder.split_once("://").map_or("", |(_, place)| place);
        let host = place.split('/').next().unwrap_or_default();
        host.rsplit('@').next().unwrap_or_default()
    }
}

fn is_json(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_manifests_are_split() {
        let address =
            ModelAddress::from_url("https://example.org/models/a/manifest.json?x=1").unwrap();
        assert_eq!(address.folder, "https://example.org/models/a");
        assert_eq!(
            address.manifest,
            "https://example.org/models/a/manifest.json?x=1"
        );
        for wrong in [
            "https://example.org",
            "https://example.org/",
            "https://manifest.json",
        ] {
            assert!(ModelAddress::from_url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_address_without_a_json_file_is_a_folder() {
        for (url, manifest) in [
            ("https://h/nano", "https://h/nano/manifest.json"),
            ("https://h/nano/", "https://h/nano/manifest.json"),
            ("https://h/a/v1.2/", "https://h/a/v1.2/manifest.json"),
            ("https://h/nano/?k=/1", "https://h/nano/manifest.json?k=/1"),
        ] {
            let address = ModelAddress::from_url(url).unwrap();
            assert_eq!(address.manifest, manifest);
            assert!(manifest.starts_with(&format!("{}/manifest", address.folder)));
        }
        assert!(ModelAddress::from_url("https://example.org//").is_err());
        assert!(ModelAddress::from_url("https://?/nano").is_err());
    }

    #[test]
    fn names_hold_no_login_and_no_query() {
        let address = ModelAddress::from_url("https://me:secret@h:8/a/b/?token=c").unwrap();
        assert_eq!(address.name, "https://h:8/a/b");
        let address = ModelAddress::from_hub("a/b", "https://me:secret@h").unwrap();
        assert_eq!(address.name, "hub:a/b@main");
    }

    #[test]
    fn origins_are_those_of_the_folder_or_the_commit() {
        let main = ModelAddress::from_hub("a/b@main", "https://me:secret@h:8").unwrap();
        let pinned = main.pinned("c0ffee");
        assert_eq!(
            pinned.file("x"),
            "https://me:secret@h:8/a/b/resolve/c0ffee/x"
        );
        let folder = ModelAddress::from_url("https://me:secret@h/m/b/?token=c").unwrap();
        assert_eq!(folder.pinned("c0ffee"), folder);
        let branch = ModelAddress::from_hub("a/b@v1", "http://h").unwrap();
        for (address, source, host) in [
            (&main, "a/b", "h:8"),
            (&pinned, "a/b@c0ffee", "h:8"),
            (&branch, "a/b@v1", "h"),
            (&folder, "https://h/m/b", "h"),
        ] {
            assert_eq!(address.source(), source);
            assert_eq!((address.title(), address.host()), ("b", host));
        }
    }

    #[test]
    fn hub_ids_cannot_lead_elsewhere() {
        let address = ModelAddress::from_hub("a/b", "http://localhost:8/").unwrap();
        assert_eq!(
            address.manifest,
            "http://localhost:8/a/b/resolve/main/manifest.json"
        );
        let address = ModelAddress::from_hub("a/b@refs/pr/1", "http://h").unwrap();
        assert_eq!(address.folder, "http://h/a/b/resolve/refs/pr/1");
        for wrong in [
            "a", "a/b/c", "a/", "/b", "../b", "a/..", "a/b@", "a/b@../c", "a/b?x", "a/b@x y",
        ] {
            assert!(
                ModelAddress::from_hub(wrong, "http://h").is_err(),
                "{wrong}"
            );
        }
    }
}
