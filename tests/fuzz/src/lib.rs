//! What several targets do.

use std::fs;

use askmask_eval::datasets::{Format, Selection, read};
use tempfile::TempDir;

/// Reads a data set of these files, and draws what should be found.
///
/// # Panics
/// When the files cannot be written.
pub fn read_all(format: Format, path: &str, files: &[(&str, &[u8])]) {
    let folder = TempDir::new().expect("a temporary folder");
    for (name, bytes) in files {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        fs::write(file, bytes).expect("written");
    }
    let path = folder.path().join(path);
    let Ok(data) = read(format, &path, Some(folder.path()), &Selection::default()) else {
        return;
    };
    for question in data.questions().take(100) {
        let _ = question.target.truth(askmask_core::ImageSize {
            height: 40,
            width: 60,
        });
    }
}
