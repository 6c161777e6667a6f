//! Are times and sizes what people mean by them?

use proptest::prelude::*;
use serde_json::{Value, from_value, json, to_value};

use super::*;

#[test]
fn times_have_units() {
    let ms = |text: &str| duration(text).map(|it| it.as_millis());
    assert_eq!(
        [ms("30"), ms("1.5m"), ms("2h"), ms("500ms"), ms("0")],
        [30_000, 90_000, 7_200_000, 500, 0].map(Ok)
    );
    assert_eq!([ms("1h30m"), ms("1m500ms")], [5_400_000, 60_500].map(Ok));
    for wrong in
        ["", "m", "5 m", "1h30", "1m1h", "1m1m", "1h-1m", "-1", "1x", "1e3", "..", "99999999999999999999d"]
    {
        assert!(duration(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_time_is_told_as_people_write_it() {
    for (nanos, told) in [
        (0, "0s"),
        (941_000, "0.941ms"),
        (250_000_000, "250ms"),
        (1_500_000_000, "1.5s"),
        (90_000_000_000, "90s"),
    ] {
        assert_eq!(Time(Duration::from_nanos(nanos)).to_string(), told);
    }
}

#[test]
fn sizes_are_those_of_gnu_parallel() {
    assert_eq!((size("10"), size("2K"), size("2k")), (Ok(10), Ok(2048), Ok(2000)));
    assert_eq!((size("1.5G"), size("1T")), (Ok(3 << 29), Ok(1 << 40)));
    assert!(["", "0", "K", "-1", "1KB", "1 G", "1e3", "9999999T"].iter().all(|it| size(it).is_err()));
}

#[test]
fn a_configuration_has_texts_or_numbers() {
    let time = |it: Value| from_value::<Time>(it).map(|it| it.0).map_err(|it| it.to_string());
    assert_eq!(time(json!("2h")), Ok(Duration::from_secs(7200)));
    assert_eq!((time(json!(3)), time(json!(0.5))), (time(json!("3s")), time(json!("500ms"))));
    assert!(time(json!(-1)).is_err_and(|it| it.contains("`90s` or `2h`")));
    assert!(time(json!(-0.5)).is_err() && time(json!(true)).is_err() && time(json!(1e300)).is_err());
    assert!(time(json!("soon")).is_err_and(|it| it.contains("`soon` is no time")));

    let size = |it: Value| from_value::<Size>(it).map(|it| it.0).map_err(|it| it.to_string());
    assert_eq!((size(json!("2K")), size(json!(7))), (Ok(2048), Ok(7)));
    assert!(size(json!("big")).is_err_and(|it| it.contains("`big` is no size")));
    assert!([json!(0), json!(-1), json!(1.5), json!([])].into_iter().all(|it| size(it).is_err()));
}

proptest! {
    #[test]
    fn a_time_is_the_sum_of_its_parts(days in 0_u64..1000, hours in 0_u64..24, minutes in 0_u64..60, ms in 0_u64..60_000) {
        let wanted = Duration::from_millis(((days * 24 + hours) * 60 + minutes) * 60_000 + ms);
        let read = duration(&format!("{days}d{hours}h{minutes}m{ms}ms")).unwrap();
        // It is counted in seconds with a point, which have 53 bits.
        prop_assert!(read.abs_diff(wanted) < Duration::from_micros(1), "{:?} {:?}", read, wanted);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[0-9.dhmsKMGTkgt -]{0,12}|.{0,8}") {
        let _ = (duration(&text), size(&text));
    }

    #[test]
    fn what_was_written_is_read_again(seconds in 0_u64..4_000_000, nanos in 0_u32..1_000_000_000, bytes in 1_u64..) {
        let time = Time(Duration::new(seconds, nanos));
        prop_assert_eq!(from_value::<Time>(to_value(time).unwrap()).unwrap(), time);
        let told = duration(&time.to_string()).unwrap();
        let near = if seconds > 0 { Duration::from_micros(501) } else { Duration::from_nanos(501) };
        prop_assert!(told.abs_diff(time.0) < near, "{} is {:?}", time, told);
        prop_assert_eq!(from_value::<Size>(to_value(Size(bytes)).unwrap()).unwrap(), Size(bytes));
    }
}
