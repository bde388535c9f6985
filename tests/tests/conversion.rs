//! What a conversion of the published checkpoints reads and keeps, from names and shapes alone.

use std::fs;

use askmask_core::pipeline::RawCheckpoint;
use askmask_core::weights::manifest::Origin;
use askmask_core::weights::{Dtype, Headers, TensorInfo, safetensors};
use askmask_tests::{bytes, json, path};
use serde_json::Value;

/// The checkpoint of `size` in one file of bf16, and its conversion to `bits`.
fn bytes_read_and_kept(size: &str, bits: u32) -> (u64, u64) {
    let mut tensors = Vec::new();
    let shapes: Value = json(&format!("sa2va_{size}_shapes.json"));
    for pattern in shapes["tensors"].as_array().expect("patterns") {
        let number = |key: &str| pattern[key].as_u64().unwrap_or_default();
        for index in number("from")..=number("to") {
            let name = pattern["name"].as_str().expect("a name");
            let shape = serde_json::from_value(pattern["shape"].clone()).expect("a shape");
            let dtype = Dtype::Bf16;
            let name = name.replace("{}", &index.to_string());
            tensors.push((name, TensorInfo { dtype, shape }));
        }
    }
    let start = safetensors::header(tensors.iter().map(|(name, info)| (name.as_str(), info)));
    let weights: usize = tensors.iter().filter_map(|(_, info)| info.bytes()).sum();
    let mut headers = Headers::default();
    headers
        .add("model.safetensors", &start, (start.len() + weights) as u64)
        .expect("a sound header");
    let config = bytes(&format!("sa2va_{size}_config.json"));
    let config = String::from_utf8(config).expect("text");
    let raw = RawCheckpoint::open(&config, headers).expect("a Sa2VA checkpoint");
    let plan = raw.plan(&raw.options(bits)).expect("a plan");
    let conversion = raw
        .conversion(&plan, None, Origin::default())
        .expect("a conversion");
    (conversion.source_bytes().1, conversion.manifest().bytes())
}

/// A number of bytes that the page tells of a published checkpoint, in its order.
fn told(field: &str) -> Vec<f64> {
    let page = path("../../web/page/models/checkpoints.ts");
    let text = fs::read_to_string(page).expect("the page's list");
    let key = format!("{field}: ");
    let after = text.split(key.as_str()).skip(1);
    let number = |rest: &str| {
        let end = rest.find([',', ' ', '\n']).unwrap_or(rest.len());
        rest[..end].parse().expect("a number")
    };
    after.map(number).collect()
}

#[test]
fn the_page_tells_what_published_checkpoints_take() {
    for (index, size) in ["1b", "2b"].into_iter().enumerate() {
        let (read, kept) = bytes_read_and_kept(size, 4);
        // A tokenizer comes on top, and one digit less is told.
        let near = |told: f64, found: u64| (told - found as f64).abs() < 0.01 * found as f64;
        assert!(near(told("download")[index], read), "{size}: {read}");
        assert!(near(told("keeps")[index], kept), "{size}: {kept}");
    }
}

#[test]
fn eight_bits_take_almost_twice_the_room() {
    let (read, four) = bytes_read_and_kept("1b", 4);
    let (same, eight) = bytes_read_and_kept("1b", 8);
    assert_eq!(read, same);
    let ratio = eight as f64 / four as f64;
    assert!((1.6..2.0).contains(&ratio), "{ratio}");
}
