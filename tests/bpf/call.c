// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * usage: call cookie | attach IF | open IF STREAM_ID
 * What no command does: it shows the network namespace's cookie; attaches, as a
 * program that may be given capabilities; opens, and nothing else.
 */
#include <avtpmap/avtpmap.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static int attach(const char *ifname)
{
	const struct avtpmap_port_opts alone = {
		.sz = sizeof(alone), .set = AVTPMAP_PORT_XDP_ALONE
	};
	struct avtpmap_ctl *ctl;
	char why[256];
	int err = avtpmap_ctl_open(
		&ctl,
		AVTPMAP_OPTS(avtpmap_ctl_opts, .backend = AVTPMAP_BACKEND_XDP,
			     .error = why, .error_bytes = sizeof(why)));

	if (!err) {
		err = avtpmap_port_attach(ctl, ifname, &alone);
		snprintf(why, sizeof(why), "%s", avtpmap_ctl_error(ctl));
		avtpmap_ctl_close(ctl);
	}
	if (err)
		fprintf(stderr, "%s\n", why);
	return err != 0;
}

static int open_stream(const char *ifname, const char *id)
{
	struct avtpmap_stream *s;
	char why[256];
	struct avtpmap_open_opts opts = { .sz = sizeof(opts),
					  .backend = AVTPMAP_BACKEND_XDP,
					  .ifname = ifname,
					  .error = why,
					  .error_bytes = sizeof(why) };
	int err = avtpmap_stream_id_from_text(id, &opts.stream_id);

	if (!err)
		err = avtpmap_open(&s, &opts);
	if (!err)
		avtpmap_close(s);
	else
		fprintf(stderr, "%s\n", why);
	return err != 0;
}

static int show_cookie(void)
{
	enum { NETNS_COOKIE = 71 }; /* SO_NETNS_COOKIE */
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	unsigned long long cookie = 0;
	socklen_t len = sizeof(cookie);

	if (getsockopt(fd, SOL_SOCKET, NETNS_COOKIE, &cookie, &len))
		return 1;
	printf("%llu\n", cookie);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 3 && !strcmp(argv[1], "open"))
		return open_stream(argv[2], argv[3]);
	if (argc > 2 && !strcmp(argv[1], "attach"))
		return attach(argv[2]);
	return show_cookie();
}
