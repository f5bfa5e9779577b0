//! A reply that points at the log: the log has it.

use std::io::Write;
use std::sync::{Arc, Mutex};

use imena_core::sync::wire::{ErrorCode, ErrorReply};

use crate::support::{Phone, Put, World};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_500_that_points_at_the_log_is_in_the_log_under_its_number() {
    let log = Log::default();
    let written = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || log.clone())
        .with_ansi(false)
        .finish();
    // Requests fail on other threads than this one.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let phone = Phone::new();
    let world = World::new(&[&phone]);
    let token = world.token(&phone).await;
    *world.kill_at.0.lock().unwrap() = Some("hub: publish");
    let reply = world.try_put(&token, &Put::whole(b"photo", 4)).await;
    assert_eq!(reply.code(), ErrorCode::Internal);
    let detail = ErrorReply::decode(&reply.body).unwrap().detail;
    let fault = detail.rsplit_once("fault ").unwrap().1;
    let log = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    let line = format!("fault={fault} ");
    assert!(log.contains(&line), "{detail}\n{log}");
}
