//! The borders between modules: who may name whom. A line that crosses one fails here.

use std::path::{Path, PathBuf};

/// Rooms of the core without tensors, and modules without them in others.
const PLAIN: [&str; 6] = ["error", "image", "language", "mask", "quantize", "weights"];

/// Source files of the core, each with its top-level module.
fn sources() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crate/core/src");
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the core's sources are there") {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let inside = path.strip_prefix(&root).expect("below the root");
                let first = inside.iter().next().expect("a name").to_string_lossy();
                files.push((first.trim_end_matches(".rs").to_owned(), path));
            }
        }
    }
    assert!(files.len() > 40, "only {} source files found", files.len());
    files
}

/// Lines of modules that `applies` accepts which name one of `words`.
fn crossings(applies: impl Fn(&str) -> bool, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (module, path) in sources().iter().filter(|(module, _)| applies(module)) {
        let text = std::fs::read_to_string(path).expect("readable sources");
        for line in text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
        {
            if words.iter().any(|word| line.contains(word)) {
                found.push(format!("{module}: {}", line.trim()));
            }
        }
    }
    found
}

#[test]
fn plain_modules_know_no_tensors() {
    assert_eq!(
        crossings(
            |m| PLAIN.contains(&m),
            &["burn::", "cubecl::", "crate::nn", "crate::kernels"]
        ),
        [""; 0]
    );
}

#[test]
fn only_kernels_and_device_set_up_name_the_gpu_libraries() {
    let found = crossings(
        |m| !["kernels", "runtime"].contains(&m),
        &["wgpu", "cubecl"],
    );
    assert_eq!(found, [""; 0]);
}

#[test]
fn models_know_neither_words_nor_the_pipeline() {
    let words = ["crate::pipeline", "crate::language"];
    assert_eq!(crossings(|m| m == "models", &words), [""; 0]);
}

#[test]
fn building_blocks_know_no_family() {
    assert_eq!(
        crossings(
            |m| ["nn", "kernels"].contains(&m),
            &["crate::models", "crate::pipeline"]
        ),
        [""; 0]
    );
}

#[test]
fn weights_know_only_quantization_and_errors() {
    let words = [
        "crate::models",
        "crate::pipeline",
        "crate::image",
        "crate::nn",
        "crate::tokenizer",
    ];
    assert_eq!(crossings(|m| m == "weights", &words), [""; 0]);
}
