//! What does a reader of a run's events see?

use xqute::backend::Null;
use xqute::{EVENTS_KEPT, Moment, RunEvent};

use crate::run_of;
use crate::stage::{moments, next, rest};

const WHOLE: [Moment; 7] = [
    Moment::Init,
    Moment::Queued,
    Moment::Submitting,
    Moment::Submitted,
    Moment::Started,
    Moment::Verifying,
    Moment::Succeeded,
];

#[tokio::test]
async fn each_job_is_told_of_in_the_order_of_its_life_and_the_stream_ends_with_the_run() {
    let (_dir, builder) = run_of(&["acts"]);
    let run = builder.forks(4).build().unwrap();
    let mut events = run.events();
    for _ in 0..40 {
        run.feed(["true"]).await.unwrap();
    }
    run.feed(["false"]).await.unwrap();
    run.run_until_complete().await.unwrap();
    let told = rest(&mut events).await;
    for index in 0..40 {
        assert_eq!(moments(&told, index), WHOLE, "job {index}");
    }
    let failed = moments(&told, 40);
    assert_eq!((&failed[..5], &failed[5..]), (&WHOLE[..5], &[Moment::Failed][..]));
    assert_eq!(told.len(), 40 * 7 + 6);
    assert!(next(&mut run.events()).await.is_none(), "whoever comes later finds a stream that has ended");
}

/// It reads nothing before the run is over, and holds nothing up.
#[tokio::test]
async fn a_slow_reader_is_told_what_it_missed_and_goes_on_with_the_newest() {
    let (_dir, builder) = run_of(&["acts"]);
    let run = builder.forks(8).backend(Null::new()).build().unwrap();
    let mut events = run.events();
    for _ in 0..500 {
        run.feed(["true"]).await.unwrap();
    }
    assert_eq!(run.run_until_complete().await.unwrap().counts.succeeded, 500);
    let Some(RunEvent::Missed(missed)) = events.next().await else { panic!("it missed nothing") };
    assert_eq!(missed, 500 * 7 - EVENTS_KEPT as u64);
    let kept = rest(&mut events).await;
    assert_eq!(kept.len(), EVENTS_KEPT);
    let (last, job) = kept.last().unwrap();
    assert_eq!((*last, job.outcome().unwrap().is_success()), (Moment::Succeeded, true));
    for index in 0..500 {
        let seen = moments(&kept, index);
        assert!(WHOLE.ends_with(&seen), "job {index}: {seen:?}");
    }
}

#[tokio::test]
async fn readers_do_not_see_each_other() {
    let (_dir, builder) = run_of(&["acts"]);
    let run = builder.backend(Null::new()).build().unwrap();
    let (mut slow, mut gone) = (run.events(), run.events());
    run.feed(["true"]).await.unwrap();
    assert_eq!(next(&mut gone).await.unwrap().0, Moment::Init);
    drop(gone);
    run.feed(["true"]).await.unwrap();
    run.run_until_complete().await.unwrap();
    assert_eq!(rest(&mut slow).await.len(), 14);
}
