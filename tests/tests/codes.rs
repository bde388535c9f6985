//! The public codes of errors: programs branch on them, so that none changes or goes unnoticed.

use std::collections::BTreeSet;
use std::path::Path;

use askmask_core::error::CODES;

/// What could be given before. `storage-quota` was listed too, but nothing gave it: where the
/// browser stores no more, a model stays in memory and a notice says so.
const PUBLISHED: [&str; 17] = [
    "cancelled",
    "device-lost",
    "disposed",
    "gpu-result-invalid",
    "image-too-large",
    "in-use",
    "integrity",
    "internal",
    "invalid-image",
    "invalid-query",
    "network",
    "out-of-memory",
    "prompt-too-long",
    "unsupported-image",
    "unsupported-model",
    "webgpu-unavailable",
    "weights-mismatch",
];

/// The codes that the library for pages lists.
fn codes_of_the_library() -> BTreeSet<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/lib/errors.ts");
    let text = std::fs::read_to_string(file).expect("errors.ts");
    let (_, list) = text.split_once("ERROR_CODES = [").expect("the list");
    let (list, _) = list.split_once(']').expect("its end");
    let quoted = list.split('"').skip(1).step_by(2);
    quoted.map(str::to_owned).collect()
}

#[test]
fn every_published_code_is_still_there_and_no_other() {
    let library = codes_of_the_library();
    let core: BTreeSet<String> = CODES.iter().map(|&code| code.to_owned()).collect();
    let all: BTreeSet<&str> = library.union(&core).map(String::as_str).collect();
    assert_eq!(all, BTreeSet::from(PUBLISHED));
    // A cancelled call is an `AbortError` there.
    let beyond: Vec<&String> = core.difference(&library).collect();
    assert_eq!(beyond, ["cancelled"]);
}
