//! Row-split matrices, low memory mode, counters and the self-check.

use std::borrow::Cow;
use std::pin::Pin;
use std::rc::Rc;

use askmask_core::QuietHost;
use askmask_core::nn::{LoadObserver, Loader, Weights};
use askmask_core::pipeline::{LoadOptions, Model, footprint};
use askmask_core::runtime::device::{self, gpu_bytes, read};
use askmask_core::runtime::preflight::Machine;
use askmask_core::weights::{
    Dtype, OtherTensors, QuantizationConfig, TensorInfo, TensorSource, TensorSpec, TensorTable,
};
use askmask_core::{DeviceKind, Error, SourceImage};
use askmask_tests::browser_folder::BrowserFolder;
use askmask_tests::bytes;
use askmask_tests::golden::{Golden, files};
use askmask_tests::sources::WrongOnce;
use burn::tensor::{Device, Tensor};

const FIXTURE: &str = "sa2va_tiny_q";

pub fn parts_on_the_gpu() {
    let normal = Golden::run(FIXTURE, DeviceKind::Gpu);
    low_memory_gives_the_same_answer(&normal);
    the_self_check_tells_right_from_wrong();
    matrices_larger_than_a_buffer_are_split();
    the_estimate_covers_what_is_measured();
}

/// Weights are estimated to within a quarter and a few pages; the peak, which counts scores at
/// their full chunk size however small the model, from above.
fn the_estimate_covers_what_is_measured() {
    let folder = BrowserFolder::of("sa2va_tiny");
    let gpu = pollster::block_on(device::open(DeviceKind::Gpu)).unwrap();
    gpu.memory_cleanup();
    let before = gpu_bytes(&gpu);
    let machine = Machine {
        device: DeviceKind::Gpu,
        max_buffer_size: 1 << 30,
        max_storage_buffer_binding_size: 1 << 30,
        max_buffer_bindings_per_stage: None,
        storage_free: None,
        stored: 0,
        memory: None,
        max_tiles: 12,
        low_memory: false,
    };
    let config = folder.files().config;
    let footprint = footprint(&folder.manifest(), &config).unwrap();
    let report = footprint.preflight(&machine);
    let weights = footprint.stages[0].weights;
    pollster::block_on(async {
        let model = Model::load(folder.files(), DeviceKind::Gpu, &QuietHost)
            .await
            .unwrap();
        gpu.memory_cleanup();
        let loaded = gpu_bytes(&gpu) - before;
        let slack = 4 << 20;
        assert!(weights * 3 / 4 <= loaded, "{loaded} of {weights}");
        assert!(loaded <= weights * 5 / 4 + slack, "{loaded} of {weights}");
        let image = SourceImage::decode(&bytes("sa2va_tiny/input.png")).unwrap();
        let picture = model.set_image(image, &QuietHost).await.unwrap();
        picture
            .ask("Where is it?", &Default::default(), &QuietHost)
            .await
            .unwrap();
        let peak = model.memory_usage().gpu_peak - before;
        assert!(
            loaded < peak && peak <= report.peak,
            "{peak} of {}",
            report.peak
        );
    });
}

fn low_memory_gives_the_same_answer(normal: &Golden) {
    let options = LoadOptions {
        low_memory: true,
        ..DeviceKind::Gpu.into()
    };
    let low = Golden::run(FIXTURE, options);
    assert_eq!(low.answer.tokens, normal.answer.tokens);
    for (low, normal) in low.answer.objects.iter().zip(&normal.answer.objects) {
        assert!(low.mask.iou(&normal.mask).unwrap() >= 0.9999);
    }
    let usage = low.model.memory_usage();
    assert!(0 < usage.gpu && usage.gpu <= usage.gpu_peak, "{usage:?}");
}

fn the_self_check_tells_right_from_wrong() {
    let check = |files| {
        pollster::block_on(async {
            let model = Model::load(files, DeviceKind::Gpu, &QuietHost)
                .await
                .unwrap();
            model.self_check(&QuietHost).await
        })
    };
    assert_eq!(check(files(FIXTURE)), Ok(()));
    let mut wrong = files(FIXTURE);
    wrong.weights = Box::new(WrongOnce::new(wrong.weights, "mlp1.3.biases"));
    let stage = "connector".to_owned();
    assert_eq!(check(wrong), Err(Error::GpuResultInvalid { stage }));
}

/// Rows and columns of Sa2VA-1B's output head: 85 MB at 4 bits, so it comes in several chunks.
const HEAD: [usize; 2] = [151_679, 896];

/// A quantized head whose words follow from their place, so that none is ever held in full.
struct Head([(String, TensorInfo); 3]);

impl Head {
    fn new() -> Self {
        let [rows, columns] = HEAD;
        let tensor = |suffix: &str, dtype, width| {
            let shape = vec![rows, width];
            (format!("head.{suffix}"), TensorInfo { dtype, shape })
        };
        Self([
            tensor("weight", Dtype::U32, columns / 8),
            tensor("scales", Dtype::F16, columns / 32),
            tensor("biases", Dtype::F16, columns / 32),
        ])
    }
}

impl TensorSource for Head {
    fn names(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| name.as_str()).collect()
    }

    fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, info)| info)
    }

    fn read(&self, name: &str) -> Result<Cow<'_, [u8]>, Error> {
        panic!("{name} is read whole")
    }

    fn read_rows(&self, name: &str, first: usize, count: usize) -> Result<Cow<'_, [u8]>, Error> {
        let info = self.info(name).expect("one of three");
        let range = info.row_range(first, count).expect("rows that are there");
        assert!(range.len() <= 32 << 20, "{} bytes at once", range.len());
        Ok(match name {
            "head.weight" => range.map(|at| ((at * 2_654_435_761) >> 13) as u8).collect(),
            // 1/16 and −1/2 in f16.
            "head.scales" => [0x00, 0x2c].repeat(range.len() / 2).into(),
            _ => [0x00, 0xb8].repeat(range.len() / 2).into(),
        })
    }
}

struct Silent;

impl LoadObserver for Silent {
    fn read(&self, _: u64) {}

    fn checkpoint(&self) -> Pin<Box<dyn Future<Output = Result<(), Error>> + '_>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

fn matrices_larger_than_a_buffer_are_split() {
    let [rows, columns] = HEAD;
    let source: Rc<dyn TensorSource> = Rc::new(Head::new());
    let quantization: QuantizationConfig =
        serde_json::from_str(r#"{"group_size":32,"bits":4}"#).unwrap();
    let spec = TensorSpec {
        name: "head.weight".into(),
        shape: HEAD.into(),
        part: "language",
        matrix: true,
        bits: None,
    };
    let table = TensorTable::new(vec![spec], OtherTensors::default());
    let x: Vec<f32> = (0..columns).map(|i| (i as f32 * 0.1).sin()).collect();
    let product = |device: &Device| {
        let weights = Weights {
            source: &source,
            table: &table,
            quantization: Some(&quantization),
        };
        let head = Loader::new(weights, device, &Silent)
            .linear("head")
            .unwrap();
        let x = Tensor::<1>::from_floats(x.as_slice(), device).unsqueeze::<2>();
        pollster::block_on(read(head.forward(x))).unwrap()
    };
    let gpu = pollster::block_on(device::open(DeviceKind::Gpu)).unwrap();
    let before = gpu_bytes(&gpu);
    let found = product(&gpu);
    let grown = gpu_bytes(&gpu) - before;
    let stored = (rows * columns / 2 + rows * columns / 8) as u64;
    assert!(
        (stored..stored + (16 << 20)).contains(&grown),
        "{grown} for {stored}"
    );
    let expected = product(&Device::flex());
    assert_eq!(found.len(), rows);
    let largest = expected.iter().fold(0.0_f32, |most, v| most.max(v.abs()));
    for (row, (found, expected)) in found.iter().zip(&expected).enumerate() {
        assert!(
            (found - expected).abs() <= 1e-4 * largest,
            "row {row}: {found} {expected}"
        );
    }
}
