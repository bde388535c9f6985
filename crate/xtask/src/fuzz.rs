//! Fuzzing: every parser of untrusted bytes, on mutations of the fixtures.

use std::fs;
use std::path::{Path, PathBuf};

use crate::install;
use crate::run::{Error, Result, program, root, run};
use crate::settings::Settings;

/// Each target with the fixtures that it begins with: files, or folders whose files are meant.
const TARGETS: &[(&str, &[&str])] = &[
    ("picture", &["pictures", "pictures/broken"]),
    ("icc", &["pictures/profiles"]),
    (
        "safetensors",
        &["quantize.safetensors", "resample.safetensors"],
    ),
    ("index", &["index.json"]),
    (
        "config",
        &[
            "sa2va_1b_config.json",
            "sa2va_2b_config.json",
            "sa2va_tiny/config.json",
        ],
    ),
    ("tokenizer", &["sa2va_tiny/tokenizer.json"]),
    ("rle", &["rle.json"]),
    ("manifest", &["../../models/nano/manifest.json"]),
    (
        "coco",
        &[
            "datasets/grefcoco/instances.json",
            "datasets/refcoco/instances.json",
        ],
    ),
    (
        "labelme",
        &[
            "datasets/reasonseg/val/a.json",
            "datasets/reasonseg/test/c.json",
        ],
    ),
    (
        "pickle",
        &[
            "datasets/refcoco/refs(unc).p",
            "datasets/refcocog/refs(umd).p",
        ],
    ),
];
/// Longest input, in bytes.
const MAX_LENGTH: usize = 1 << 16;
/// What one input may take, in MiB and seconds.
const MAX_MEMORY: usize = 2048;
const TIMEOUT: usize = 20;

/// Fuzzes one target, or all in turn, each for some seconds. What crashes one stays in
/// `target/fuzz/artifacts`; it becomes a test.
pub fn fuzz(wanted: Option<&str>, seconds: &str) -> Result {
    install::fuzzer(&Settings::read()?)?;
    let targets: Vec<_> = TARGETS
        .iter()
        .filter(|(name, _)| wanted.is_none_or(|wanted| wanted == *name))
        .collect();
    if targets.is_empty() {
        let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
        return Err(Error(format!("the targets are {}", names.join(", "))));
    }
    for (target, fixtures) in targets {
        let seeds = seeds(target, fixtures)?;
        fuzz_target(target, &seeds, seconds)?;
    }
    Ok(())
}

fn fuzz_target(target: &str, seeds: &Path, seconds: &str) -> Result {
    let out = root().join("target/fuzz");
    let corpus = out.join("corpus").join(target);
    let artifacts = out.join("artifacts").join(target);
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&artifacts)?;
    let path = |path: &Path| path.to_string_lossy().into_owned();
    let mut words: Vec<String> = ["+nightly", "fuzz", "run", "--fuzz-dir", "tests/fuzz"]
        .map(String::from)
        .into();
    words.extend([
        "--target-dir".into(),
        path(&out.join("build")),
        target.into(),
    ]);
    words.extend([path(&corpus), path(seeds), "--".into()]);
    words.extend([
        format!("-artifact_prefix={}/", path(&artifacts)),
        format!("-max_total_time={seconds}"),
        format!("-max_len={MAX_LENGTH}"),
        format!("-rss_limit_mb={MAX_MEMORY}"),
        format!("-timeout={TIMEOUT}"),
        "-print_final_stats=1".into(),
    ]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    println!("fuzzing {target} for {seconds} s");
    run(program("cargo", &words))
}

/// A folder with copies of the fixtures.
fn seeds(target: &str, fixtures: &[&str]) -> Result<PathBuf> {
    let folder = root().join("target/fuzz/seeds").join(target);
    fs::create_dir_all(&folder)?;
    for fixture in fixtures {
        let path = root().join("tests/fixtures").join(fixture);
        let files: Vec<PathBuf> = if path.is_dir() {
            let entries = fs::read_dir(&path)?;
            entries.filter_map(|e| Some(e.ok()?.path())).collect()
        } else {
            vec![path]
        };
        for file in files.iter().filter(|file| file.is_file()) {
            let name = file.file_name().unwrap_or_default();
            fs::copy(file, folder.join(name))?;
        }
    }
    Ok(folder)
}
