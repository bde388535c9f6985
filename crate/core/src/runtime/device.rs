//! Where tensors live, and what goes wrong there.

use std::sync::{Arc, OnceLock};

use async_lock::OnceCell;
use burn::tensor::wgpu::wgpu;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::kernels::is_gpu;

/// Kind of device to compute on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "lowercase")]
pub enum DeviceKind {
    /// Burn's CPU backend.
    Cpu,
    /// WebGPU in the browser, wgpu natively.
    Gpu,
}

/// A process can set up its GPU only once; later models share it.
static GPU: OnceCell<Device> = OnceCell::new();

/// What the GPU is called, once it was opened.
static ADAPTER: OnceLock<String> = OnceLock::new();

/// The first error that no call reported. From then on results are not to be trusted, so it stays.
static FAULT: OnceLock<Error> = OnceLock::new();

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

/// Name and interface of the GPU, once one was opened; browsers may keep the name to themselves.
pub fn adapter() -> Option<&'static str> {
    ADAPTER.get().map(String::as_str)
}

async fn init_gpu() -> Result<Device, Error> {
    let (device, setup) = Device::wgpu_options()
        .init_with_setup_async()
        .await
        .map_err(|e| Error::WebGpuUnavailable {
            reason: e.to_string(),
        })?;
    let adapter = setup.adapter.get_info();
    let _ = ADAPTER.set(format!("{} ({})", adapter.name, adapter.backend));
    // In place of the default handler, which panics.
    setup.device.on_uncaptured_error(Arc::new(|error| {
        let _ = FAULT.set(fault(&error));
    }));
    Ok(device)
}

fn fault(error: &wgpu::Error) -> Error {
    match error {
        wgpu::Error::OutOfMemory { .. } => Error::OutOfMemory {
            needed: 0,
            what: "a buffer on the GPU".into(),
        },
        wgpu::Error::Validation { description, .. } | wgpu::Error::Internal { description, .. } => {
            // After an error that no call expected, buffers may hold anything.
            Error::DeviceLost {
                reason: description.clone(),
            }
        }
    }
}

/// Bytes that `device` holds in GPU memory, buffers kept for reuse included; 0 on the CPU.
#[must_use]
pub fn gpu_bytes(device: &Device) -> u64 {
    if !is_gpu(device) {
        return 0;
    }
    let usage = device.memory_pool_usage();
    usage.map_or(0, |usage| usage.bytes_reserved)
}

/// Waits until `device` has done what it was given.
///
/// # Errors
/// [`Error::OutOfMemory`] and [`Error::DeviceLost`], also for errors that happened earlier.
pub async fn finish(device: &Device) -> Result<(), Error> {
    if is_gpu(device) {
        read(Tensor::<1>::zeros([1], device)).await?;
    }
    Ok(())
}

/// Brings a tensor to the host.
///
/// # Errors
/// As [`finish`].
pub async fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, Error> {
    let gpu = is_gpu(&tensor.device());
    let values = tensor
        .into_data_async()
        .await
        .map_err(|e| e.to_string())
        .and_then(|data| data.try_into_vec().map_err(|e| format!("{e:?}")));
    match FAULT.get().filter(|_| gpu) {
        Some(error) => Err(error.clone()),
        None => values.map_err(|reason| Error::DeviceLost { reason }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The only test of this program that opens the GPU: it loses it.
    #[test]
    fn fault_17_a_lost_device_is_an_error_not_a_result() {
        pollster::block_on(async {
            let (device, setup) = Device::wgpu_options()
                .init_with_setup_async()
                .await
                .expect("a Vulkan driver, lavapipe will do");
            assert!(finish(&device).await.is_ok());
            let values = Tensor::<1>::from_floats([1.0, 2.0], &device);
            setup.device.destroy();
            let error = read(values).await.unwrap_err();
            assert_eq!(error.code(), "device-lost", "{error}");
            let error = finish(&device).await.unwrap_err();
            assert_eq!(error.code(), "device-lost", "{error}");
        });
    }

    #[test]
    fn fault_16_errors_of_the_gpu_have_codes() {
        let source = || Box::new(std::fmt::Error);
        let memory = wgpu::Error::OutOfMemory { source: source() };
        assert_eq!(fault(&memory).code(), "out-of-memory");
        let invalid = wgpu::Error::Validation {
            source: source(),
            description: "binding 3 is too large".into(),
        };
        assert_eq!(fault(&invalid).code(), "device-lost");
        assert!(fault(&invalid).to_string().contains("binding 3"));
    }
}
