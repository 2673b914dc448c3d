// SPDX-License-Identifier: GPL-2.0
/*
 * usage: other attach|detach IF native|generic; other unload IF; other frames
 * Another user of libxdp's dispatcher, as xdp-filter would be; and what
 * "xdp-loader unload IF --all" does.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <xdp/libxdp.h>

#define OBJECT "/usr/lib/avtpmap-other.bpf.o"
#define FRAMES "/sys/fs/bpf/others_frames"

static int frames(void)
{
	int fd = bpf_obj_get(FRAMES);
	unsigned long long n;
	__u32 zero = 0;

	if (fd < 0 || bpf_map_lookup_elem(fd, &zero, &n))
		return 1;
	printf("%llu\n", n);
	return 0;
}

static int attach(int ifindex, enum xdp_attach_mode mode)
{
	struct xdp_program *prog = xdp_program__open_file(OBJECT, "xdp", NULL);
	int err = libxdp_get_error(prog);

	return err ? err : xdp_program__attach(prog, ifindex, mode, 0);
}

static int detach(int ifindex, enum xdp_attach_mode mode)
{
	struct xdp_multiprog *mp = xdp_multiprog__get_from_ifindex(ifindex);
	struct xdp_program *prog = NULL;
	int err = libxdp_get_error(mp);

	if (err)
		return err;
	while ((prog = xdp_multiprog__next_prog(prog, mp)))
		if (!strcmp(xdp_program__name(prog), "others_count"))
			return xdp_program__detach(prog, ifindex, mode, 0);
	return -ENOENT;
}

/* The dispatcher and all that is in it. */
static int unload(int ifindex)
{
	struct xdp_multiprog *mp = xdp_multiprog__get_from_ifindex(ifindex);
	int err = libxdp_get_error(mp);

	return err ? err : xdp_multiprog__detach(mp);
}

int main(int argc, char **argv)
{
	enum xdp_attach_mode mode;
	int ifindex, err;

	if (argc == 2 && !strcmp(argv[1], "frames"))
		return frames();
	if (argc < 3)
		return 2;
	ifindex = (int)if_nametoindex(argv[2]);
	mode = argc > 3 && !strcmp(argv[3], "native") ? XDP_MODE_NATIVE :
							XDP_MODE_SKB;
	if (!strcmp(argv[1], "unload"))
		err = unload(ifindex);
	else if (!strcmp(argv[1], "attach"))
		err = attach(ifindex, mode);
	else
		err = detach(ifindex, mode);
	if (err)
		fprintf(stderr, "other: %s: %s\n", argv[1], strerror(-err));
	return err != 0;
}
