//! The borders between rooms: who may name whom. A line that crosses one fails here, and so does
//! a circle of imports, in Rust, TypeScript or Python.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use askmask_tests::imports::{Imports, circle, code, python, rust, sources, typescript};

/// The core's rooms, each with those it may name.
const ROOMS: [(&str, &[&str]); 12] = [
    ("error", &[]),
    ("first_bytes", &["error"]),
    ("kernels", &["error"]),
    ("weights", &["kernels", "first_bytes", "error"]),
    ("nn", &["weights", "kernels", "error"]),
    ("quantize", &["weights", "kernels", "error"]),
    ("image", &["first_bytes", "error"]),
    ("mask", &["image", "error"]),
    ("language", &["first_bytes", "error"]),
    ("runtime", &["nn", "kernels", "error"]),
    (
        "models",
        &[
            "nn",
            "weights",
            "runtime",
            "language",
            "image",
            "first_bytes",
            "error",
        ],
    ),
    (
        "pipeline",
        &[
            "models",
            "language",
            "mask",
            "image",
            "runtime",
            "nn",
            "quantize",
            "weights",
            "first_bytes",
            "error",
        ],
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace")
        .to_owned()
}

fn core() -> PathBuf {
    root().join("crate/core/src")
}

/// The room of the core that a file lies in; `lib` for `lib.rs`.
fn room(file: &Path) -> String {
    let inside = file.strip_prefix(core()).expect("a file of the core");
    let first = inside.iter().next().expect("a name").to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// Lines of files that `applies` accepts which name one of `words`, whatever their case.
fn crossings(folder: &Path, applies: impl Fn(&Path) -> bool, words: &[&str]) -> Vec<String> {
    let files = sources(folder, "rs");
    assert!(files.len() > 15, "only {} source files found", files.len());
    let mut found = Vec::new();
    for file in files.iter().filter(|file| applies(file)) {
        for line in code(file).lines() {
            let lower = line.to_lowercase();
            if words.iter().any(|word| lower.contains(word)) {
                found.push(format!("{}: {}", file.display(), line.trim()));
            }
        }
    }
    found
}

#[test]
fn every_room_names_only_rooms_below_it() {
    let imports = rust(&core());
    let known: BTreeSet<&str> = ROOMS.iter().map(|(room, _)| *room).collect();
    let mut seen = BTreeSet::new();
    for (file, targets) in &imports {
        let from = room(file);
        if from == "lib" {
            continue;
        }
        let (_, allowed) = ROOMS
            .iter()
            .find(|(room, _)| *room == from)
            .unwrap_or_else(|| panic!("{from} is a room without a place in the order"));
        for target in targets {
            let to = room(target);
            assert!(
                to == from || allowed.contains(&to.as_str()),
                "{} names {to}: {}",
                file.display(),
                target.display()
            );
            if to != from {
                seen.insert(to);
            }
        }
    }
    // All but the one that front ends start from are named by somebody.
    let seen: BTreeSet<&str> = seen.iter().map(String::as_str).collect();
    let unseen: Vec<_> = known.difference(&seen).collect();
    assert_eq!(unseen, [&"pipeline"]);
}

#[test]
fn no_rust_file_imports_in_a_circle() {
    for krate in ["core", "eval", "cli", "web", "xtask"] {
        let imports = rust(&root().join(format!("crate/{krate}/src")));
        assert!(edges(&imports) > 3, "{krate}: {imports:?}");
        assert_eq!(circle(&imports), None, "{krate}");
    }
    let imports = rust(&root().join("tests/src"));
    assert_eq!(circle(&imports), None);
}

#[test]
fn no_typescript_file_imports_in_a_circle() {
    for (folder, least) in [("web", 100), ("tests/browser", 20)] {
        let imports = typescript(&root().join(folder));
        assert!(edges(&imports) > least, "{folder}: {}", edges(&imports));
        assert_eq!(circle(&imports), None, "{folder}");
    }
}

#[test]
fn no_python_file_imports_in_a_circle() {
    for folder in ["models/recipe", "tests/fixtures/maker"] {
        let imports = python(&root().join(folder));
        assert!(edges(&imports) > 5, "{folder}: {imports:?}");
        assert_eq!(circle(&imports), None, "{folder}");
    }
}

fn edges(imports: &Imports) -> usize {
    imports.values().map(BTreeSet::len).sum()
}

#[test]
fn circles_are_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(file, text).expect("a file");
    };
    write("lib.rs", "mod a;\nmod b;\npub use b::B;\n");
    write("a.rs", "use super::{B};\n");
    write("b.rs", "pub struct B;\n");
    assert_eq!(circle(&rust(folder.path())), None);
    write("b.rs", "pub struct B;\nfn f() { crate::a::f() }\n");
    assert!(
        circle(&rust(folder.path())).is_some(),
        "through a re-export"
    );
    write("b.rs", "fn f() { c::g() }\nmod c;\n");
    write("b/c.rs", "use super::f;\n");
    assert!(circle(&rust(folder.path())).is_some(), "parent and child");
    write("x.ts", "import type { Y } from \"./y\";\n");
    write("y.ts", "export type { X } from \"./x\";\n");
    assert!(circle(&typescript(folder.path())).is_some());
    write("p.py", "import os, q\n");
    write("q.py", "def f():\n    from p import g\n");
    assert!(circle(&python(folder.path())).is_some());
}

#[test]
fn rooms_below_models_know_no_family() {
    let rooms = ["nn", "kernels", "weights", "quantize", "language", "mask"];
    let words = [
        "sa2va",
        "intern_vit",
        "internvit",
        "grounding_encoder",
        "mlp1",
        "[seg]",
    ];
    let found = crossings(&core(), |file| rooms.contains(&&*room(file)), &words);
    assert_eq!(found, [""; 0]);
}

#[test]
fn front_ends_know_no_layers() {
    let words = ["askmask_core::nn", "askmask_core::kernels", "burn::"];
    let cli = root().join("crate/cli/src");
    assert_eq!(crossings(&cli, |_| true, &words), [""; 0]);
    let words = [&words[..], &["::models"]].concat();
    let files = sources(&root().join("crate/web/src"), "rs");
    let code: String = files.iter().map(|file| code(file)).collect();
    for word in words {
        assert!(!code.contains(word), "crate/web names {word}");
    }
}

#[test]
fn plain_rooms_know_no_tensors() {
    let rooms = ["error", "image", "language", "mask", "quantize", "weights"];
    let words = ["burn::", "cubecl::"];
    let found = crossings(&core(), |file| rooms.contains(&&*room(file)), &words);
    assert_eq!(found, [""; 0]);
}

#[test]
fn only_kernels_and_the_device_name_the_gpu_libraries() {
    let applies = |file: &Path| room(file) != "kernels" && !file.ends_with("runtime/device.rs");
    let found = crossings(&core(), applies, &["wgpu", "cubecl"]);
    assert_eq!(found, [""; 0]);
}

#[test]
fn evaluation_knows_no_tensors_and_no_models() {
    let words = ["burn", "::pipeline", "::models", "::nn", "::kernels"];
    let found = crossings(&root().join("crate/eval/src"), |_| true, &words);
    assert_eq!(found, [""; 0]);
}
