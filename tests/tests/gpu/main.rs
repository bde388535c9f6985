//! The same on the GPU through wgpu: a real one, or Mesa's lavapipe. A machine without either
//! fails here.

mod golden;
mod parts;

/// One test, because a process has one GPU device, whose memory is measured.
#[test]
fn models_on_the_gpu() {
    golden::every_stage_on_the_gpu();
    parts::parts_on_the_gpu();
}
