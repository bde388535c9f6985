//! Loading part by part, low memory mode, tile caps and the self-check, on the CPU backend.
//! On the GPU: `gpu/parts.rs`.

use std::cell::{Cell, RefCell};
use std::future::ready;
use std::pin::Pin;
use std::rc::Rc;

use askmask_core::QuietHost;
use askmask_core::pipeline::{LoadOptions, Model};
use askmask_core::weights::InMemory;
use askmask_core::{DeviceKind, Error, Host, SourceImage, Stage};
use askmask_tests::golden::{Golden, files};
use askmask_tests::sources::{Watched, WrongOnce, total_bytes};
use askmask_tests::{Tensors, bytes};

const FIXTURE: &str = "sa2va_tiny_q";

const LOW_MEMORY: LoadOptions = LoadOptions {
    device: DeviceKind::Cpu,
    max_tiles: None,
    low_memory: true,
};

/// Remembers the loads that it was told of, and cancels at a checkpoint if asked to.
#[derive(Default)]
struct Loads {
    progress: RefCell<Vec<(u64, u64)>>,
    checkpoints: Cell<u32>,
    cancel_at: Option<u32>,
}

impl Host for Loads {
    fn progress(&self, stage: Stage, done: u64, total: Option<u64>) {
        if stage == Stage::Load {
            let total = total.expect("a load's total is known");
            assert!(done <= total, "{done} of {total}");
            self.progress.borrow_mut().push((done, total));
        }
    }

    fn token(&self, _: &str) {}

    fn checkpoint(&self) -> Pin<Box<dyn Future<Output = Result<(), Error>> + '_>> {
        self.checkpoints.set(self.checkpoints.get() + 1);
        let stop = self.cancel_at == Some(self.checkpoints.get());
        Box::pin(ready(if stop { Err(Error::Cancelled) } else { Ok(()) }))
    }
}

impl Loads {
    /// Bytes of every load that ran to its end.
    fn finished(&self) -> Vec<u64> {
        let progress = self.progress.borrow();
        let done = progress.iter().filter(|(done, total)| done == total);
        done.map(|(_, total)| *total).collect()
    }
}

fn picture() -> SourceImage {
    SourceImage::decode(&bytes(&format!("{FIXTURE}/input.png"))).expect("a sound picture")
}

#[test]
fn low_memory_gives_the_same_answer() {
    let normal = Golden::run(FIXTURE, DeviceKind::Cpu);
    let low = Golden::run(FIXTURE, LOW_MEMORY);
    assert_eq!(low.answer.tokens, normal.answer.tokens);
    assert_eq!(low.answer.objects.len(), normal.answer.objects.len());
    for (low, normal) in low.answer.objects.iter().zip(&normal.answer.objects) {
        assert_eq!(low.mask, normal.mask);
        assert_eq!(low.low_res_logits(), normal.low_res_logits());
    }
    assert_eq!(low.stages, normal.stages);
    assert_eq!(normal.model.memory_usage().reloads, 0);
}

#[test]
fn low_memory_reads_parts_again_and_counts_it() {
    let host = Loads::default();
    pollster::block_on(async {
        let model = Model::load(files(FIXTURE), LOW_MEMORY, &host)
            .await
            .unwrap();
        let [first] = host.finished()[..] else {
            panic!("{:?}", host.finished());
        };
        model.set_image(picture(), &host).await.unwrap();
        let loads = host.finished();
        assert_eq!(
            loads.len(),
            3,
            "image encoder and language model: {loads:?}"
        );
        assert_eq!(model.memory_usage().reloads, 0, "each was read once");
        model.set_image(picture(), &host).await.unwrap();
        let usage = model.memory_usage();
        let again = &host.finished()[3..];
        assert_eq!((usage.reloads, again.len()), (3, 3));
        assert_eq!(usage.reloaded_bytes, again.iter().sum::<u64>());
        assert!(again[0] < first, "the mask decoder stays");
    });
}

#[test]
fn a_load_reads_every_byte_once_but_the_embedding() {
    let reads = Rc::default();
    let mut files = files(FIXTURE);
    let total = total_bytes(files.weights.as_ref());
    files.weights = Box::new(Watched {
        inner: files.weights,
        reads: Rc::clone(&reads),
    });
    let host = Loads::default();
    pollster::block_on(Model::load(files, DeviceKind::Cpu, &host)).unwrap();
    let reads: Vec<(String, usize)> = reads.take();
    let mut names: Vec<&String> = reads.iter().map(|(name, _)| name).collect();
    names.sort();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    assert!(names.iter().all(|name| !name.contains("embed_tokens")));
    let read: usize = reads.iter().map(|(_, bytes)| bytes).sum();
    assert_eq!(host.finished(), [read as u64]);
    assert!(
        (total / 2..total).contains(&(read as u64)),
        "{read} of {total}"
    );
}

#[test]
fn a_load_stops_at_the_next_layer() {
    let all = Loads::default();
    pollster::block_on(Model::load(files(FIXTURE), DeviceKind::Cpu, &all)).unwrap();
    assert!(all.checkpoints.get() > 10, "one for each block");
    for at in [1, 2, all.checkpoints.get()] {
        let host = Loads {
            cancel_at: Some(at),
            ..Loads::default()
        };
        let error = pollster::block_on(Model::load(files(FIXTURE), DeviceKind::Cpu, &host));
        assert_eq!(error.err(), Some(Error::Cancelled));
        assert_eq!(host.checkpoints.get(), at);
    }
}

#[test]
fn a_tile_cap_is_kept() {
    let tiles = |max_tiles| {
        let options = LoadOptions {
            max_tiles,
            ..DeviceKind::Cpu.into()
        };
        Golden::run("sa2va_tiny", options).stages["pixel_values"].len() / (3 * 56 * 56)
    };
    assert_eq!(tiles(None), 7, "six and the whole");
    assert_eq!(tiles(Some(4)), 5);
    assert_eq!(tiles(Some(1)), 1);
}

#[test]
fn the_self_check_is_content_with_a_sound_device() {
    for fixture in ["sa2va_tiny", FIXTURE, "sa2va_nano_shape"] {
        for options in [DeviceKind::Cpu.into(), LOW_MEMORY] {
            pollster::block_on(async {
                let model = Model::load(files(fixture), options, &QuietHost)
                    .await
                    .unwrap();
                model.self_check(&QuietHost).await.unwrap();
            });
        }
    }
}

/// Every layer kind, and how the self-check calls it.
const LAYERS: [(&str, &str); 11] = [
    (
        "vision_model.embeddings.patch_embedding.weight",
        "vision tower",
    ),
    (
        "vision_model.encoder.layers.0.attn.qkv.scales",
        "vision tower",
    ),
    ("mlp1.1.scales", "connector"),
    (
        "grounding_encoder.sam2_model.image_encoder.trunk.patch_embed.proj.weight",
        "image encoder",
    ),
    (
        "grounding_encoder.sam2_model.image_encoder.trunk.blocks.1.attn.proj.scales",
        "image encoder",
    ),
    (
        "grounding_encoder.sam2_model.image_encoder.neck.convs.0.conv.weight",
        "image encoder's neck",
    ),
    (
        "language_model.model.layers.0.mlp.up_proj.scales",
        "language model",
    ),
    ("language_model.lm_head.scales", "language model's head"),
    ("text_hidden_fcs.0.weight", "projection of [SEG]"),
    (
        "grounding_encoder.sam2_model.sam_prompt_encoder.mask_downscaling.0.weight",
        "prompt encoder",
    ),
    (
        "grounding_encoder.sam2_model.sam_mask_decoder.output_upscaling.0.weight",
        "mask decoder",
    ),
];

#[test]
fn the_self_check_finds_a_device_that_computes_wrongly() {
    for (tensor, layer) in LAYERS {
        let mut files = files(FIXTURE);
        assert!(files.weights.info(tensor).is_some(), "{tensor}");
        files.weights = Box::new(WrongOnce::new(files.weights, tensor));
        let found = pollster::block_on(async {
            let model = Model::load(files, DeviceKind::Cpu, &QuietHost)
                .await
                .unwrap();
            model.self_check(&QuietHost).await
        });
        let stage = layer.to_owned();
        assert_eq!(found, Err(Error::GpuResultInvalid { stage }), "{tensor}");
    }
}

#[test]
fn fault_08_weights_that_are_no_numbers_are_refused() {
    let whole = bytes("sa2va_tiny/model.safetensors");
    let tensors = Tensors::open("sa2va_tiny/model.safetensors");
    for name in [
        "language_model.model.norm.weight",
        "vision_model.encoder.layers.1.ls1",
    ] {
        // bf16 numbers, of which the first becomes NaN.
        let values = tensors.bytes(name);
        let at = whole
            .windows(values.len())
            .position(|w| w == values)
            .expect(name);
        let mut damaged = whole.clone();
        damaged[at..at + 2].copy_from_slice(&[0xc0, 0x7f]);
        let mut files = files("sa2va_tiny");
        files.weights = Box::new(InMemory::new([("m".to_owned(), damaged)]).unwrap());
        let error = pollster::block_on(Model::load(files, DeviceKind::Cpu, &QuietHost));
        let error = error.err().expect(name);
        assert_eq!(error.code(), "integrity");
        assert!(!error.to_string().is_empty());
    }
}
