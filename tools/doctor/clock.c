// SPDX-License-Identifier: MIT
/* Receive time stamps, the PHC and gPTP, as far as looking can tell. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/net_tstamp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "../gptp.h"

/* Daemons that keep a PHC, by the name of their process. */
static const char *const gptp_daemons[] = { "ptp4l", "gptp2", "daemon_cl",
					    "gptpd" };

static void read_comm(const char *pid, char *comm, size_t bytes)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	f = fopen(path, "re");
	comm[0] = '\0';
	if (!f)
		return;
	if (fgets(comm, bytes, f))
		comm[strcspn(comm, "\n")] = '\0';
	fclose(f);
}

/* The process of one of @names, and which; 0: none is seen. */
static int find_process(const char *const *names, size_t n, char *comm,
			size_t bytes)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int pid = 0;

	while (proc && !pid && (entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		read_comm(entry->d_name, comm, bytes);
		for (size_t i = 0; i < n; i++)
			if (!strcmp(comm, names[i]))
				pid = atoi(entry->d_name);
	}
	if (proc)
		closedir(proc);
	return pid;
}

static int find_gptp(char *comm, size_t bytes)
{
	return find_process(gptp_daemons,
			    sizeof(gptp_daemons) / sizeof(gptp_daemons[0]),
			    comm, bytes);
}

/* Read only: whose settings these are, they stay. */
static void hwtstamp_finding(const struct netdev *dev)
{
	bool every = dev->hwtstamp_rx == HWTSTAMP_FILTER_ALL;
	char fix[160], comm[32];

	if (dev->hwtstamp_err == -EOPNOTSUPP) {
		finding(NOTE, dev->name, "hwtstamp", NULL,
			"not supported: frames carry CLOCK_MONOTONIC only");
		return;
	}
	if (dev->hwtstamp_err) {
		finding(NOTE, dev->name, "hwtstamp", NULL, "unavailable: %s",
			strerror(-dev->hwtstamp_err));
		return;
	}
	if (every) {
		finding(FINE, dev->name, "hwtstamp", NULL,
			"every frame (rx_filter all): AVTP frames carry PHC "
			"time; the kernel does not tell who asked for it");
		return;
	}
	if (dev->timestamps_known && !dev->can_stamp_all) {
		finding(NOTE, dev->name, "hwtstamp", NULL,
			"%s; this NIC cannot stamp every frame, so AVTP "
			"frames carry CLOCK_MONOTONIC only",
			hwtstamp_rx_text(dev->hwtstamp_rx));
		return;
	}
	if (find_gptp(comm, sizeof(comm)))
		snprintf(fix, sizeof(fix),
			 strcmp(comm, "ptp4l") ?
				 "%s runs and sets this: let it ask for "
				 "rx_filter all" :
				 "%s runs and sets this: hwts_filter full in "
				 "its configuration asks for every frame",
			 comm);
	else
		snprintf(fix, sizeof(fix),
			 "hwstamp_ctl -i %s -r 1 asks for a stamp on every "
			 "frame",
			 dev->name);
	finding(NOTE, dev->name, "hwtstamp", fix,
		"%s; AVTP frames carry PHC time only with rx_filter all",
		hwtstamp_rx_text(dev->hwtstamp_rx));
}

/*
 * gPTP time is TAI where a grandmaster has it. One that has not counts from
 * anywhere, so being elsewhere is no fault.
 */
static void compare_with_tai(const char *subject, const char *path, int fd)
{
	clockid_t phc = (clockid_t)(~(unsigned int)fd << 3 | 3);
	double tai = clock_s(CLOCK_TAI), ahead = clock_s(phc) - tai;
	double leap = tai - clock_s(CLOCK_REALTIME);

	if (ahead > -0.001 && ahead < 0.001)
		finding(FINE, subject, "phc", NULL,
			"%s is within 1 ms of CLOCK_TAI", path);
	else
		finding(FINE, subject, "phc", NULL,
			"%s is %.3f s %s CLOCK_TAI%s: the clock of a "
			"grandmaster that does not know TAI, or nobody's",
			path, ahead < 0 ? -ahead : ahead,
			ahead < 0 ? "behind" : "ahead of",
			leap < 1 ? " (whose offset from UTC nobody has set)" :
				   "");
}

static void phc_finding(const struct netdev *dev, uint32_t phc_index)
{
	char path[32];
	int fd;

	if (phc_index == AVTPMAP_NO_PHC) {
		finding(NOTE, dev->name, "phc", NULL,
			"none: presentation times cannot be compared with "
			"this machine's clocks");
		return;
	}
	snprintf(path, sizeof(path), "/dev/ptp%u", phc_index);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		finding(NOTE, dev->name, "phc",
			errno == EACCES ? "let a udev rule give it to the "
					  "group that needs it" :
					  NULL,
			"%s; its time is unavailable: %s", path,
			strerror(errno));
		return;
	}
	compare_with_tai(dev->name, path, fd);
	close(fd);
}

/* ---- gPTP ---- */

static struct gptp gptp;
static int gptp_err;

/* Whether a bridge would reserve anything for what is behind this port. */
static void gptp_port_finding(const struct netdev *dev)
{
	const struct gptp_port *p = gptp_port_of(&gptp, dev->name);

	if (!gptp.named)
		finding(NOTE, dev->name, "gptp", "run doctor as root",
			"whether ptp4l serves it is told to root only");
	else if (!p)
		finding(NOTE, dev->name, "gptp",
			"start ptp4l with its gPTP profile on it, too",
			"ptp4l does not serve it: an AVB bridge reserves "
			"nothing where it finds no gPTP");
	else if (p->as_capable_known && !p->as_capable)
		finding(NOTE, dev->name, "gptp",
			"is the neighbour an AVB bridge, and within "
			"neighborPropDelayThresh?",
			"%s; the neighbour does not answer, or is too far "
			"(%lld ns): a bridge reserves nothing here",
			gptp_state_text(p->state), (long long)p->peer_delay_ns);
	else
		finding(FINE, dev->name, "gptp", NULL,
			"%s, %lld ns from its neighbour",
			gptp_state_text(p->state), (long long)p->peer_delay_ns);
}

void doctor_clocks(const struct netdev *dev, uint32_t phc_index)
{
	hwtstamp_finding(dev);
	phc_finding(dev, phc_index);
	if (gptp.answers)
		gptp_port_finding(dev);
}

static void time_finding(const char *daemon, int pid)
{
	char gm[AVTPMAP_STREAM_ID_TEXT];

	if (gptp.answers && gptp.gm_present)
		finding(FINE, "gptp", "time", NULL,
			"%lld ns from grandmaster %s",
			(long long)gptp.offset_ns,
			avtpmap_stream_id_to_text(gm, gptp.grandmaster));
	else if (gptp.answers)
		finding(NOTE, "gptp", "time", NULL,
			"no other grandmaster is heard: this machine's own "
			"time counts");
	else if (gptp_err == -EACCES)
		finding(NOTE, "gptp", "time", "run doctor as root",
			"%s (process %d) answers root only", daemon, pid);
	else
		finding(NOTE, "gptp", "time", NULL,
			"whether %s (process %d) is synchronised is "
			"unavailable: %s",
			daemon, pid, strerror(-gptp_err));
}

struct json_object *doctor_gptp_json(void)
{
	struct json_object *o = json_object_new_object();
	struct json_object *ports = json_object_new_array();

	json_object_object_add(o, "answers",
			       json_object_new_boolean(gptp.answers));
	if (gptp.gm_present) {
		json_object_object_add(o, "offset_ns",
				       json_object_new_int64(gptp.offset_ns));
		json_object_object_add(o, "grandmaster",
				       json_stream_id(gptp.grandmaster));
	}
	for (uint32_t i = 0; i < gptp.n_ports; i++) {
		const struct gptp_port *p = &gptp.port[i];
		struct json_object *port = json_object_new_object();

		json_object_object_add(port, "ifname",
				       json_object_new_string(p->ifname));
		json_object_object_add(
			port, "state",
			json_object_new_string(gptp_state_text(p->state)));
		json_object_object_add(
			port, "as_capable",
			p->as_capable_known ?
				json_object_new_boolean(p->as_capable) :
				NULL);
		json_object_object_add(port, "peer_delay_ns",
				       json_object_new_int64(p->peer_delay_ns));
		json_object_array_add(ports, port);
	}
	json_object_object_add(o, "ports", ports);
	return o;
}

void doctor_gptp(void)
{
	static const char *const phc2sys[] = { "phc2sys" };
	char comm[32];
	int pid = find_gptp(comm, sizeof(comm));

	gptp_err = gptp_ask(&gptp);
	if (pid)
		finding(FINE, "gptp", "daemon", NULL, "%s runs (process %d)",
			comm, pid);
	else if (!gptp.answers)
		finding(NOTE, "gptp", "daemon",
			"start ptp4l with its gPTP profile on the port",
			"none is seen, so presentation times mean nothing "
			"unless one runs out of sight, and an AVB bridge "
			"reserves nothing");
	if (pid || gptp.answers)
		time_finding(pid ? comm : "ptp4l", pid);
	if (find_process(phc2sys, 1, comm, sizeof(comm)))
		finding(FINE, "gptp", "phc2sys", NULL,
			"runs: a PHC and the system's clock follow each "
			"other");
	else
		finding(FINE, "gptp", "phc2sys", NULL,
			"does not run: CLOCK_TAI is not gPTP time, which "
			"libavtpmap does not need");
}
