//! Interrupted conversions go on, and end with the same bytes.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Memory, planned, small, source, table};
use crate::quantize::{Conversion, Extras, Options, Plan, Progress};
use crate::weights::manifest::Origin;
use crate::weights::{InMemory, TensorSource};

/// An interrupted conversion goes on behind its last block, and the files are the same.
#[test]
fn a_conversion_goes_on_where_it_was() {
    let rows: &[usize] = &[40, 1 << 20];
    let source = source(&[
        ("decoder.layers.0.mlp.up_proj.weight", &[4, 64]),
        ("decoder.layers.1.mlp.up_proj.weight", rows),
        ("decoder.norm.weight", &[64]),
    ]);
    let config = json!({});
    let plan = planned(&source, &config).unwrap();
    let extras = || Extras {
        config: &config,
        tokenizer: b"{}",
        family: "family",
        origin: Origin::default(),
    };
    let fresh = || plan.conversion(extras()).unwrap();
    let mut whole = Memory::default();
    fresh().write(&source, &mut whole).unwrap();

    // Where every block ends, and a few places within one.
    let mut stops: Vec<usize> = vec![0];
    let mut conversion = fresh();
    for piece in 1.. {
        let Some(need) = conversion.next() else { break };
        let rows = source.read_rows(&need.tensor, need.rows.start, need.rows.len());
        let end = conversion.take(&rows.unwrap()).unwrap().end;
        if end.is_some() || piece % 7 == 0 {
            stops.push(piece);
        }
    }
    assert!(stops.len() > 8, "{stops:?}");
    assert_eq!(conversion.layers(), (3, 3));
    let (done, total) = conversion.source_bytes();
    assert_eq!((done, total), (total, 2 * (4 * 64 + (40 << 20) + 64)));

    for stop in stops {
        let mut written: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut conversion = fresh();
        let mut progress = conversion.progress();
        run(&mut conversion, &source, &mut written, stop, &mut progress);
        let mut conversion = fresh();
        assert!(conversion.resume(&progress));
        if let Some(file) = conversion.file() {
            let bytes = written.entry(file.name.clone()).or_default();
            bytes.truncate(progress.bytes as usize);
            conversion.rehash(bytes);
        }
        assert!(conversion.confirm(&progress));
        run(
            &mut conversion,
            &source,
            &mut written,
            usize::MAX,
            &mut progress,
        );
        assert_eq!(
            conversion.finish().unwrap().as_bytes(),
            whole.0["manifest.json"],
            "{stop}"
        );
        for (name, bytes) in &written {
            assert!(bytes == &whole.0[name], "{name} after {stop}");
        }
    }
}

/// Takes at most `pieces` pieces; `progress` is that of the last block.
fn run(
    conversion: &mut Conversion,
    source: &InMemory,
    written: &mut BTreeMap<String, Vec<u8>>,
    pieces: usize,
    progress: &mut Progress,
) {
    for _ in 0..pieces {
        let (Some(file), Some(need)) = (conversion.file(), conversion.next()) else {
            return;
        };
        let name = file.name.clone();
        let rows = source.read_rows(&need.tensor, need.rows.start, need.rows.len());
        let piece = conversion.take(&rows.unwrap()).unwrap();
        written.entry(name).or_default().extend(piece.bytes);
        if piece.end.is_some() {
            *progress = conversion.progress();
        }
    }
}

#[test]
fn progress_of_another_conversion_or_of_damaged_files_is_not_believed() {
    let source = small();
    let config = json!({});
    let fresh = |bits: u32| {
        let options = Options {
            bits: [("linear", bits)].into(),
            ..Options::default()
        };
        let extras = Extras {
            config: &config,
            tokenizer: b"{}",
            family: "family",
            origin: Origin::default(),
        };
        let plan = Plan::new(&source, &config, &table(&source), &options).unwrap();
        plan.conversion(extras).unwrap()
    };
    let mut conversion = fresh(4);
    let mut progress = conversion.progress();
    let mut written = BTreeMap::new();
    run(&mut conversion, &source, &mut written, 1, &mut progress);
    assert!(progress.bytes > 0 && progress.finished.is_empty());
    assert!(!fresh(8).resume(&progress));
    let mut elsewhere = progress.clone();
    elsewhere.bytes -= 1;
    assert!(!fresh(4).resume(&elsewhere));

    let mut bytes = written.into_values().next().unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    let mut conversion = fresh(4);
    assert!(conversion.resume(&progress));
    conversion.rehash(&bytes);
    assert!(!conversion.confirm(&progress));
    // The file begins anew.
    let first = fresh(4).next();
    assert_eq!(conversion.next(), first);
    assert!(conversion.finish().is_err());
    assert!(conversion.take(&[0; 3]).is_err());
}
