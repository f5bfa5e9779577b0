//! A bad link: a relay on loopback between phones and a hub that refuses, slows and cuts as a script says.
//!
//! Owns the bytes on their way and their count. It reads the frames of TLS, nothing inside them: a cut is placed by the length and the
//! direction of frames. Invariant: bytes go on unchanged and in order or not at all; each planned cut happens once, in its turn.

use std::collections::VecDeque;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Head of a TLS frame: kind, version, length.
const FRAME_HEAD_BYTES: usize = 5;
/// A frame that is at least this long was filled: more of the same request follows. Only uploads are that long.
const FULL_FRAME_BYTES: usize = 16 * 1024;
/// Of a frame that is cut in its head's neighbourhood so much goes on.
const FRAGMENT_BYTES: usize = 100;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Where the link breaks. An upload is a request with a full frame in it, 16 KiB or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// In a connection, when so many bytes have gone up it.
    AfterUp(u64),
    /// When an upload begins: nothing of its first full frame goes on.
    BeforeBody,
    /// A hundred bytes into the first full frame of an upload, the one that carries its header or follows it.
    MidHeader,
    /// When so many bytes of an upload have gone on.
    MidBody(u64),
    /// When the answer to an upload comes: the hub has got and done everything, the phone hears nothing.
    BeforeReply,
}

/// What went through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Connections of phones that were taken on.
    pub connections: u64,
    /// Connections that were closed at once: the link was down, or nobody listened behind it.
    pub refused: u64,
    /// Bytes that came from phones.
    pub up_bytes: u64,
    /// Bytes that went to phones.
    pub down_bytes: u64,
    /// Bytes from phones that a cut kept from the hub.
    pub swallowed_bytes: u64,
    /// Cuts that happened.
    pub cuts: u64,
}

/// A running relay; dropping it ends every connection.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    is_ended: AtomicBool,
    is_up: AtomicBool,
    bytes_per_s: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    target: SocketAddr,
    planned: VecDeque<Cut>,
    traffic: Traffic,
    open: Vec<(u64, [TcpStream; 2])>,
}

/// One connection as far as cuts depend on it.
#[derive(Debug, Default)]
struct Flow {
    up_bytes: u64,
    request_bytes: u64,
    is_upload: bool,
    is_cut: bool,
}

impl Relay {
    /// Starts a relay to `target`, with the link up.
    ///
    /// # Errors
    /// No port on loopback.
    pub fn start(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let state = State {
            target,
            planned: VecDeque::new(),
            traffic: Traffic::default(),
            open: Vec::new(),
        };
        let shared = Arc::new(Shared {
            is_ended: AtomicBool::new(false),
            is_up: AtomicBool::new(true),
            bytes_per_s: AtomicU64::new(0),
            state: Mutex::new(state),
        });
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || accept(&accepting, &listener));
        Ok(Self { address, shared })
    }

    /// Where phones connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// New connections go there.
    pub fn set_target(&self, target: SocketAddr) {
        self.shared.state().target = target;
    }

    /// Takes the link down or up; down ends what is connected.
    pub fn set_up(&self, is_up: bool) {
        self.shared.is_up.store(is_up, Ordering::SeqCst);
        if !is_up {
            self.shared.state().end_all();
        }
    }

    /// No more bytes a second go up than this; `None`: as fast as they come.
    pub fn set_rate(&self, bytes_per_s: Option<u64>) {
        let rate = bytes_per_s.unwrap_or_default();
        self.shared.bytes_per_s.store(rate, Ordering::SeqCst);
    }

    /// Adds cuts; each happens once, after those before it.
    pub fn plan(&self, cuts: impl IntoIterator<Item = Cut>) {
        self.shared.state().planned.extend(cuts);
    }

    /// Adds `count` cuts at places in a connection that follow from `seed`, within `from..to` bytes.
    pub fn plan_seeded(&self, seed: u64, count: usize, from: u64, to: u64) {
        let mut random = seed;
        let span = to.saturating_sub(from).max(1);
        let cuts = (0..count).map(|_| Cut::AfterUp(from + splitmix(&mut random) % span));
        self.plan(cuts.collect::<Vec<_>>());
    }

    /// Cuts that have not happened yet.
    #[must_use]
    pub fn planned(&self) -> usize {
        self.shared.state().planned.len()
    }

    /// What went through so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.shared.state().traffic
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.is_ended.store(true, Ordering::SeqCst);
        self.shared.state().end_all();
        // Wakes the listener; if nobody listens any more, it has ended already.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_refusing(&self) -> bool {
        self.is_ended.load(Ordering::SeqCst) || !self.is_up.load(Ordering::SeqCst)
    }

    /// What goes on of a frame from the phone, and whether the link breaks behind it.
    fn judge_up(&self, flow: &mut Flow, len: usize) -> (usize, bool) {
        let mut state = self.state();
        let is_first_full = len >= FULL_FRAME_BYTES && !flow.is_upload;
        flow.is_upload |= is_first_full;
        let cut_at = match state.planned.front() {
            Some(Cut::AfterUp(at)) => room(*at, flow.up_bytes, len),
            Some(Cut::BeforeBody) if is_first_full => Some(0),
            Some(Cut::MidHeader) if is_first_full => Some(FRAGMENT_BYTES.min(len)),
            Some(Cut::MidBody(at)) if flow.is_upload => room(*at, flow.request_bytes, len),
            Some(Cut::BeforeBody | Cut::MidHeader | Cut::MidBody(_) | Cut::BeforeReply) | None => {
                None
            }
        };
        flow.up_bytes += len as u64;
        flow.request_bytes += len as u64;
        state.traffic.up_bytes += len as u64;
        let Some(goes_on) = cut_at else {
            return (len, false);
        };
        state.planned.pop_front();
        state.traffic.cuts += 1;
        state.traffic.swallowed_bytes += (len - goes_on) as u64;
        flow.is_cut = true;
        (goes_on, true)
    }

    /// Whether bytes from the hub go on.
    fn judge_down(&self, flow: &mut Flow, len: usize) -> bool {
        let mut state = self.state();
        if flow.is_cut {
            return false;
        }
        if flow.is_upload && state.planned.front() == Some(&Cut::BeforeReply) {
            state.planned.pop_front();
            state.traffic.cuts += 1;
            flow.is_cut = true;
            return false;
        }
        state.traffic.down_bytes += len as u64;
        (flow.is_upload, flow.request_bytes) = (false, 0);
        true
    }

    fn slow_down(&self, len: usize) {
        let rate = self.bytes_per_s.load(Ordering::SeqCst);
        if rate > 0 {
            std::thread::sleep(Duration::from_secs_f64(len as f64 / rate as f64));
        }
    }
}

impl State {
    fn end_all(&mut self) {
        for (_, pair) in self.open.drain(..) {
            end(&pair);
        }
    }
}

/// How much of a frame fits before the cut at `at`, if the cut falls into it.
fn room(at: u64, gone: u64, len: usize) -> Option<usize> {
    let left = usize::try_from(at.saturating_sub(gone)).unwrap_or(usize::MAX);
    (left < len).then_some(left)
}

fn accept(shared: &Arc<Shared>, listener: &TcpListener) {
    for (number, phone) in (0..).zip(listener.incoming()) {
        if shared.is_ended.load(Ordering::SeqCst) {
            return;
        }
        let Ok(phone) = phone else { continue };
        let target = shared.state().target;
        let hub = match shared.is_refusing() {
            true => None,
            false => TcpStream::connect_timeout(&target, CONNECT_TIMEOUT).ok(),
        };
        let Some(hub) = hub else {
            // Counted before the phone can see its connection end.
            shared.state().traffic.refused += 1;
            drop(phone);
            continue;
        };
        if join(shared, number, phone, hub).is_err() {
            shared.state().traffic.refused += 1;
        }
    }
}

fn join(shared: &Arc<Shared>, number: u64, phone: TcpStream, hub: TcpStream) -> io::Result<()> {
    phone.set_nodelay(true)?;
    hub.set_nodelay(true)?;
    let pair = |one: &TcpStream, two: &TcpStream| -> io::Result<[TcpStream; 2]> {
        Ok([one.try_clone()?, two.try_clone()?])
    };
    let [up, down] = [pair(&phone, &hub)?, pair(&hub, &phone)?];
    {
        let mut state = shared.state();
        state.traffic.connections += 1;
        state.open.push((number, [phone, hub]));
    }
    let flow = Arc::new(Mutex::new(Flow::default()));
    let (of_up, flow_up) = (Arc::clone(shared), Arc::clone(&flow));
    std::thread::spawn(move || carry_up(&of_up, &flow_up, up));
    let of_down = Arc::clone(shared);
    std::thread::spawn(move || {
        carry_down(&of_down, &flow, down);
        of_down.state().open.retain(|(known, _)| *known != number);
    });
    Ok(())
}

fn carry_up(shared: &Shared, flow: &Mutex<Flow>, [mut phone, mut hub]: [TcpStream; 2]) {
    let mut frame = Vec::new();
    while let Ok(is_whole) = read_frame(&mut phone, &mut frame) {
        shared.slow_down(frame.len());
        let (goes_on, is_cut) = {
            let mut flow = flow.lock().unwrap_or_else(PoisonError::into_inner);
            shared.judge_up(&mut flow, frame.len())
        };
        let sent = hub.write_all(frame.get(..goes_on).unwrap_or(&frame));
        if is_cut || sent.is_err() {
            end(&[phone, hub]);
            return;
        }
        if !is_whole {
            break;
        }
    }
    // The phone has said everything: the answer may still be on its way.
    let _ = hub.shutdown(Shutdown::Write);
}

fn carry_down(shared: &Shared, flow: &Mutex<Flow>, [mut hub, mut phone]: [TcpStream; 2]) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(len @ 1..) = hub.read(&mut buffer) {
        let goes_on = {
            let mut flow = flow.lock().unwrap_or_else(PoisonError::into_inner);
            shared.judge_down(&mut flow, len)
        };
        if !goes_on
            || phone
                .write_all(buffer.get(..len).unwrap_or(&buffer))
                .is_err()
        {
            break;
        }
    }
    end(&[hub, phone]);
}

/// Reads one TLS frame; false: the phone ended, and what came of a frame before is in it.
fn read_frame(phone: &mut TcpStream, frame: &mut Vec<u8>) -> io::Result<bool> {
    frame.clear();
    if !read_up_to(phone, frame, FRAME_HEAD_BYTES)? {
        return Ok(false);
    }
    let len = match frame.as_slice() {
        [_, _, _, high, low] => usize::from(u16::from_be_bytes([*high, *low])),
        _ => 0,
    };
    read_up_to(phone, frame, FRAME_HEAD_BYTES + len)
}

fn read_up_to(phone: &mut TcpStream, frame: &mut Vec<u8>, len: usize) -> io::Result<bool> {
    let missing = len.saturating_sub(frame.len()) as u64;
    io::Read::by_ref(phone).take(missing).read_to_end(frame)?;
    Ok(frame.len() == len)
}

fn end(pair: &[TcpStream; 2]) {
    for stream in pair {
        // Ended by the other side already: that is what is wanted.
        let _ = stream.shutdown(Shutdown::Both);
    }
}

/// The generator of Steele, Lea and Flood: the same cuts for the same seed, everywhere.
fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hub that answers every full frame, and hands out all that it read when the link ends.
    fn hub() -> (SocketAddr, std::thread::JoinHandle<Vec<u8>>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let hub = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let (mut all, mut frame) = (Vec::new(), Vec::new());
            while let Ok(is_whole) = read_frame(&mut stream, &mut frame) {
                all.extend_from_slice(&frame);
                if !is_whole {
                    break;
                }
                let _ = stream.write_all(b"ok");
            }
            all
        });
        (address, hub)
    }

    fn frame(len: u16) -> Vec<u8> {
        let mut frame = vec![23, 3, 3];
        frame.extend(len.to_be_bytes());
        frame.resize(FRAME_HEAD_BYTES + usize::from(len), 7);
        frame
    }

    /// Sends a small and a full frame; gives the bytes that arrived, what came back, and the counts.
    fn through(cut: Option<Cut>) -> (Vec<u8>, Vec<u8>, Traffic) {
        let (address, hub) = hub();
        let relay = Relay::start(address).unwrap();
        relay.plan(cut);
        let mut phone = TcpStream::connect(relay.address()).unwrap();
        let mut heard = Vec::new();
        phone.write_all(&frame(300)).unwrap();
        let mut answer = [0; 2];
        if phone.read_exact(&mut answer).is_ok() {
            heard.extend(answer);
            let _ = phone.write_all(&frame(16_400));
            let _ = phone.shutdown(Shutdown::Write);
            // A cut link may end in a reset: what was heard before counts.
            let _ = phone.read_to_end(&mut heard);
        }
        (hub.join().unwrap(), heard, relay.traffic())
    }

    #[test]
    fn without_a_plan_everything_goes_both_ways() {
        let (arrived, heard, traffic) = through(None);
        assert_eq!(arrived, [frame(300), frame(16_400)].concat());
        assert_eq!(heard, b"okok");
        let counted = (traffic.up_bytes, traffic.down_bytes, traffic.cuts);
        assert_eq!(counted, (300 + 16_400 + 10, 4, 0));
    }

    #[test]
    fn each_cut_falls_where_it_says() {
        let cases = [
            (Cut::BeforeBody, 305, &b"ok"[..]),
            (Cut::MidHeader, 305 + 100, b"ok"),
            (Cut::MidBody(9_000), 305 + 9_000, b"ok"),
            (Cut::BeforeReply, 305 + 16_405, b"ok"),
            (Cut::AfterUp(200), 200, b""),
        ];
        for (cut, arrives, hears) in cases {
            let (arrived, heard, traffic) = through(Some(cut));
            assert_eq!((arrived.len(), &heard[..]), (arrives, hears), "{cut:?}");
            assert_eq!(traffic.cuts, 1, "{cut:?}");
            assert_eq!(
                traffic.up_bytes - traffic.swallowed_bytes,
                arrives as u64,
                "{cut:?}"
            );
        }
    }

    #[test]
    fn a_link_that_is_down_takes_nobody_on() {
        let (address, _hub) = hub();
        let relay = Relay::start(address).unwrap();
        relay.set_up(false);
        let mut phone = TcpStream::connect(relay.address()).unwrap();
        assert!(matches!(phone.read(&mut [0]), Ok(0) | Err(_)));
        assert_eq!(
            (relay.traffic().connections, relay.traffic().refused),
            (0, 1)
        );
    }

    #[test]
    fn the_same_seed_cuts_at_the_same_places() {
        let plan = |seed| {
            let relay = Relay::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 1))).unwrap();
            relay.plan_seeded(seed, 5, 1_000, 2_000);
            relay.shared.state().planned.clone()
        };
        assert_eq!(plan(7), plan(7));
        assert_ne!(plan(7), plan(8));
        let is_within = |cut: &Cut| matches!(cut, Cut::AfterUp(1_000..2_000));
        assert!(plan(7).iter().all(is_within));
    }
}
