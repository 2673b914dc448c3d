/* SPDX-License-Identifier: MIT */
/*
 * libavtpmap: IEEE 1722 (AVTP) streams from memory-mapped rings.
 *
 * ring.h	the frames: peek and release
 * stream.h	a handle: open, wait, events, format
 * group.h	many streams, one wait
 * pcm.h	the frames' audio samples
 * time.h	when media is to be presented, and the PHC beside other clocks
 * clock.h	the talker's media clock
 * counters.h	what was received, lost and refused
 * control.h	ports and streams: attach, add, delete, list
 * monitor.h	notices of what happens to them
 * srp.h	reservation: bridges are told that a listener is here
 * scan.h	who is on the network: streams and entities, registered or not
 */
#ifndef AVTPMAP_AVTPMAP_H
#define AVTPMAP_AVTPMAP_H

#include <avtpmap/clock.h>
#include <avtpmap/control.h>
#include <avtpmap/counters.h>
#include <avtpmap/group.h>
#include <avtpmap/monitor.h>
#include <avtpmap/pcm.h>
#include <avtpmap/ring.h>
#include <avtpmap/scan.h>
#include <avtpmap/srp.h>
#include <avtpmap/stream.h>
#include <avtpmap/time.h>

#endif /* AVTPMAP_AVTPMAP_H */
