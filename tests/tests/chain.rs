//! From a checkpoint through `quantize` and the browser's folder to the answer, against PyTorch
//! with the same quantized weights. In the browser: `browser/real/chain.spec.ts`.

use askmask_core::DeviceKind;
use askmask_core::pipeline::LoadOptions;
use askmask_tests::browser_folder::BrowserFolder;
use askmask_tests::golden::{Golden, assert_close};

#[test]
fn quantized_stored_and_asked() {
    let folder = BrowserFolder::of("sa2va_tiny");
    for low_memory in [false, true] {
        let options = LoadOptions {
            low_memory,
            ..DeviceKind::Cpu.into()
        };
        let golden = Golden::of(folder.files(), ("sa2va_tiny", "sa2va_chain"), options);
        assert_eq!(golden.written(), golden.reference_text());
        let ious = golden.ious();
        assert_eq!(ious.len(), 1);
        assert!(ious.iter().all(|&iou| iou >= 0.999), "{ious:?}");
        let rows = golden.rows();
        assert!(rows.len() >= 3, "{rows:?}");
        assert_close(&rows, 1e-4);
    }
}

#[test]
fn weights_that_were_quantized_before_keep_their_answer() {
    let folder = BrowserFolder::of("sa2va_tiny_q");
    let fixtures = ("sa2va_tiny_q", "sa2va_tiny_q");
    Golden::of(folder.files(), fixtures, DeviceKind::Cpu).assert_parity(1e-4);
}
