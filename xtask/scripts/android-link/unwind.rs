//! Stands in for the NDK's libunwind in the link check: the names that Rust's std asks for, and nothing behind them.
#![no_std]
#![no_core]
#![allow(internal_features, unused, missing_docs)]
#![feature(no_core, lang_items)]

#[lang = "pointee_sized"]
pub trait PointeeSized {}
#[lang = "meta_sized"]
pub trait MetaSized: PointeeSized {}
#[lang = "sized"]
pub trait Sized: MetaSized {}
#[lang = "copy"]
pub trait Copy {}
impl Copy for i32 {}

#[unsafe(no_mangle)]
pub extern "C" fn _Unwind_Backtrace() -> i32 { 5 }
#[unsafe(no_mangle)]
pub extern "C" fn _Unwind_GetIP() -> i32 { 0 }
#[unsafe(no_mangle)]
pub extern "C" fn _Unwind_GetIPInfo() -> i32 { 0 }
#[unsafe(no_mangle)]
pub extern "C" fn _Unwind_GetCFA() -> i32 { 0 }
#[unsafe(no_mangle)]
pub extern "C" fn _Unwind_FindEnclosingFunction() -> i32 { 0 }
#[unsafe(no_mangle)]
pub extern "C" fn _Unwind_RaiseException() -> i32 { 5 }
#[unsafe(no_mangle)]
pub extern "C" fn _Unwind_DeleteException() -> i32 { 0 }
#[unsafe(no_mangle)]
pub extern "C" fn _Unwind_Resume() -> i32 { 0 }
#[unsafe(no_mangle)]
pub extern "C" fn _Unwind_GetLanguageSpecificData() -> i32 { 0 }
#[unsafe(no_mangle)]
pub extern "C" fn _Unwind_GetRegionStart() -> i32 { 0 }
#[unsafe(no_mangle)]
pub extern "C" fn _Unwind_GetTextRelBase() -> i32 { 0 }
#[unsafe(no_mangle)]
pub extern "C" fn _Unwind_GetDataRelBase() -> i32 { 0 }
#[unsafe(no_mangle)]
pub extern "C" fn _Unwind_SetGR() -> i32 { 0 }
#[unsafe(no_mangle)]
pub extern "C" fn _Unwind_SetIP() -> i32 { 0 }
