//! Faults 1 to 4: every picture that people drop is decoded as Pillow does, or refused by name.

use std::io::Write;

use askmask_core::error::Error;
use askmask_core::image::SourceImage;
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
        let refusal = SourceImage::decode(&picture(&file)).expect_err(&file);
        assert_eq!(refusal.code(), error, "{file}: {refusal}");
    }
}

#[test]
fn fault_01_no_cut_is_taken_for_a_whole_picture() {
    for file in [
        "rgb.png",
        "progressive.jpg",
        "grey.jpg",
        "layout_separate_420.jpg",
        "layout_restarts.jpg",
        "palette.gif",
        "rgb.bmp",
        "rgb.webp",
        "animated.webp",
    ] {
        let whole = picture(file);
        let complete = SourceImage::decode(&whole).unwrap();
        for length in 0..whole.len() {
            // Some last bytes say nothing of the picture.
            if let Ok(cut) = SourceImage::decode(&whole[..length]) {
                assert!(cut == complete, "{file} cut to {length} bytes");
                assert!(whole.len() - length <= 24, "{file} cut to {length} bytes");
            }
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
        (65_536, 1),
        (0x7fff_ffff, 0x7fff_ffff),
    ] {
        bomb[16..20].copy_from_slice(&width.to_be_bytes());
        bomb[20..24].copy_from_slice(&height.to_be_bytes());
        let checksum = crc32(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&checksum.to_be_bytes());
        let file = [&bomb[..], &chunk(b"IDAT", &[]), &chunk(b"IEND", &[])].concat();
        let error = SourceImage::decode(&file).unwrap_err();
        let Error::ImageTooLarge { size, limit } = &error else {
            panic!("{error}")
        };
        assert_eq!(size, &format!("{width} × {height} pixels"));
        assert!(
            limit.contains("65535") || limit.contains("134217728"),
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
    assert_eq!(
        SourceImage::decode(&webp).unwrap_err().code(),
        "invalid-image"
    );
    let mut png = picture("rgb.png");
    png.splice(
        33..33,
        [&u32::MAX.to_be_bytes()[..], b"zTXt", b"bomb"].concat(),
    );
    assert_eq!(
        SourceImage::decode(&png).unwrap_err().code(),
        "invalid-image"
    );
}

#[test]
fn fault_03_every_format_mode_layout_and_profile_equals_pillow() {
    for Good {
        file,
        expected,
        width,
        height,
        tolerance,
    } in fixture().pictures
    {
        let ours = SourceImage::decode(&picture(&file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        let ours = ours.over_white();
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
            if let Ok(image) = SourceImage::decode(&damaged) {
                assert_eq!(image.color.data.len(), image.size().pixels() * 3, "{file}");
            }
        }
    }
}

/// What Chromium's canvas shows of a PNG whose pixels are (200, 100, 50), by its color chunks.
#[test]
fn png_colors_are_those_of_a_browser() {
    let gamma = |value: u32| chunk(b"gAMA", &value.to_be_bytes());
    let primaries = |of: [u32; 8]| chunk(b"cHRM", &of.map(u32::to_be_bytes).concat());
    let p3 = || {
        primaries([
            31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6_000,
        ])
    };
    let points = |primaries: u8, transfer: u8| chunk(b"cICP", &[primaries, transfer, 0, 1]);
    let srgb = || chunk(b"sRGB", &[0]);
    let cases = [
        (vec![gamma(100_000)], [229, 168, 122]),
        (vec![gamma(55_556)], [210, 119, 65]),
        // What older writers put in for sRGB.
        (vec![gamma(45_455)], [200, 100, 50]),
        (vec![gamma(0)], [200, 100, 50]),
        (vec![p3()], [200, 100, 50]),
        (vec![gamma(45_455), p3()], [216, 93, 24]),
        (vec![gamma(100_000), p3()], [240, 165, 114]),
        (vec![srgb(), gamma(100_000)], [200, 100, 50]),
        // No light, and no triangle: as Pillow, which reads none of this, shows it.
        (vec![gamma(45_455), primaries([1; 8])], [200, 100, 50]),
        (vec![gamma(45_455), primaries([33_000; 8])], [200, 100, 50]),
        (
            vec![
                gamma(45_455),
                primaries([31_270, 0, 68_000, 32_000, 26_500, 69_000, 15_000, 6_000]),
            ],
            [200, 100, 50],
        ),
        (vec![points(12, 13)], [215, 93, 31]),
        (vec![points(1, 8)], [229, 168, 122]),
        (vec![points(9, 14)], [239, 63, 5]),
        (vec![points(1, 1)], [197, 91, 39]),
        (vec![points(2, 2)], [200, 100, 50]),
        (vec![points(12, 13), gamma(100_000)], [215, 93, 31]),
    ];
    let plain = bytes("pictures/color.png");
    for (i, (chunks, expected)) in cases.into_iter().enumerate() {
        let file = [&plain[..33], &chunks.concat(), &plain[33..]].concat();
        let image = SourceImage::decode(&file).unwrap();
        let ours = &image.color.data[..3];
        let worst = ours.iter().zip(expected).map(|(a, b)| a.abs_diff(b)).max();
        assert!(worst <= Some(2), "case {i}: {ours:?}, not {expected:?}");
    }
}

/// A phone's 108 megapixels, and a panorama.
#[test]
fn large_pictures_are_opened_whole() {
    for (width, height) in [(12_000_u32, 9_000_u32), (18_000, 1_200)] {
        let mut file = Vec::new();
        let row = vec![0x5a; width as usize];
        let mut encoder = png::Encoder::new(&mut file, width, height);
        encoder.set_color(png::ColorType::Grayscale);
        let mut writer = encoder.write_header().unwrap();
        let mut stream = writer.stream_writer().unwrap();
        for _ in 0..height {
            stream.write_all(&row).unwrap();
        }
        stream.finish().unwrap();
        writer.finish().unwrap();
        let image = SourceImage::decode(&file).unwrap();
        assert_eq!(
            (image.size().width, image.size().height),
            (width as usize, height as usize)
        );
        assert!(image.preview(1 << 20).size.pixels() <= 1 << 20);
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
