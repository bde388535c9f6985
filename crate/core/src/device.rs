//! Where tensors live.

use async_lock::OnceCell;
use burn::tensor::Device;

use crate::error::Error;

/// Kind of device to compute on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceKind {
    /// Burn's CPU backend.
    Cpu,
    /// WebGPU in the browser, wgpu natively.
    Gpu,
}

/// A process can set up its GPU only once; later models share it.
static GPU: OnceCell<Device> = OnceCell::new();

/// Opens a device.
///
/// # Errors
/// [`Error::WebGpuUnavailable`] when no GPU adapter can be had.
pub async fn open(kind: DeviceKind) -> Result<Device, Error> {
    match kind {
        DeviceKind::Cpu => Ok(Device::flex()),
        DeviceKind::Gpu => GPU.get_or_try_init(init_gpu).await.cloned(),
    }
}

async fn init_gpu() -> Result<Device, Error> {
    let device = Device::wgpu_options().init_async().await;
    device.map_err(|e| Error::WebGpuUnavailable {
        reason: e.to_string(),
    })
}
