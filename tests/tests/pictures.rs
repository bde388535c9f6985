//! Faults 1 to 4: every picture that people drop is decoded as Pillow does, or refused by name.

use askmask_core::error::Error;
use askmask_core::image::RgbImage;
use askmask_tests::{bytes, json, mutations};
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixture {
    pictures: Vec<Good>,
    broken: Vec<Broken>,
}

#[derive(Deserialize)]
struct Good {
    file: String,
    expected: String,
    width: usize,
    height: usize,
    tolerance: u8,
}

#[derive(Deserialize)]
struct Broken {
    file: String,
    error: String,
}

fn fixture() -> Fixture {
    json("pictures/expected.json")
}

fn picture(file: &str) -> Vec<u8> {
    bytes(&format!("pictures/{file}"))
}

#[test]
fn fault_01_broken_and_foreign_files_are_refused_by_name() {
    for Broken { file, error } in fixture().broken {
        let refusal = RgbImage::decode(&picture(&file)).expect_err(&file);
        assert_eq!(refusal.code(), error, "{file}: {refusal}");
    }
}

#[test]
fn fault_01_no_cut_is_taken_for_a_whole_picture() {
    for file in [
        "rgb.png",
        "progressive.jpg",
        "grey.jpg",
        "rgb.webp",
        "animated.webp",
    ] {
        let whole = picture(file);
        for length in 0..whole.len() * 9 / 10 {
            assert!(
                RgbImage::decode(&whole[..length]).is_err(),
                "{file} cut to {length} bytes"
            );
        }
    }
}

#[test]
fn fault_02_png_bomb_is_refused_before_allocation() {
    // Signature, header and an empty end: 16,000 × 16,000 pixels in 45 bytes.
    let mut bomb = picture("rgb.png")[..33].to_vec();
    for (width, height) in [
        (16_000_u32, 16_000_u32),
        (100_000, 100_000),
        (16_385, 1),
        (0x7fff_ffff, 0x7fff_ffff),
    ] {
        bomb[16..20].copy_from_slice(&width.to_be_bytes());
        bomb[20..24].copy_from_slice(&height.to_be_bytes());
        let checksum = crc32(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&checksum.to_be_bytes());
        let file = [&bomb[..], &chunk(b"IDAT", &[]), &chunk(b"IEND", &[])].concat();
        let error = RgbImage::decode(&file).unwrap_err();
        let Error::ImageTooLarge { size, limit } = &error else {
            panic!("{error}")
        };
        assert_eq!(size, &format!("{width} × {height} pixels"));
        assert!(
            limit.contains("16384") || limit.contains("67108864"),
            "{limit}"
        );
    }
}

#[test]
fn fault_02_claims_of_metadata_are_not_believed() {
    // A part that claims 4 GB, in WebP and in PNG.
    let mut webp = picture("orientation8.webp");
    let at = webp.windows(4).position(|w| w == b"EXIF").unwrap();
    webp[at + 4..at + 8].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(RgbImage::decode(&webp).unwrap_err().code(), "invalid-image");
    let mut png = picture("rgb.png");
    png.splice(
        33..33,
        [&u32::MAX.to_be_bytes()[..], b"zTXt", b"bomb"].concat(),
    );
    assert_eq!(RgbImage::decode(&png).unwrap_err().code(), "invalid-image");
}

#[test]
fn fault_03_every_color_mode_and_orientation_equals_pillow() {
    for Good {
        file,
        expected,
        width,
        height,
        tolerance,
    } in fixture().pictures
    {
        let ours = RgbImage::decode(&picture(&file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        assert_eq!(
            (ours.size.width, ours.size.height),
            (width, height),
            "{file}"
        );
        let theirs = image::load_from_memory(&picture(&expected))
            .unwrap()
            .into_rgb8()
            .into_raw();
        let worst = ours
            .data
            .iter()
            .zip(&theirs)
            .map(|(a, b)| a.abs_diff(*b))
            .max();
        assert!(worst <= Some(tolerance), "{file}: off by {worst:?}");
        assert_eq!(ours.data.len(), theirs.len(), "{file}");
    }
}

#[test]
fn fault_03_damaged_pictures_never_panic() {
    for Good { file, .. } in fixture().pictures {
        for damaged in mutations(&picture(&file), 200) {
            if let Ok(image) = RgbImage::decode(&damaged) {
                assert_eq!(image.data.len(), image.size.pixels() * 3, "{file}");
            }
        }
    }
}

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [kind, data].concat();
    [
        &(data.len() as u32).to_be_bytes()[..],
        &body,
        &crc32(&body).to_be_bytes(),
    ]
    .concat()
}

/// PNG's checksum, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            if crc & 1 == 1 {
                crc >> 1 ^ 0xedb8_8320
            } else {
                crc >> 1
            }
        })
    })
}
