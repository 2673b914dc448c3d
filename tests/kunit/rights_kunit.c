// SPDX-License-Identifier: GPL-2.0
/* Who may do what: root, a member of the port's group, anyone else. */
#include <linux/cred.h>

#include "fixture.h"
#include "netlink_client.h"

enum {
	AUDIO = 29,	/* group of the port */
	VIDEO = 44,
	ALICE = 1000,
	BOB = 1001,
};

/* Until become_root(), an ordinary user in one more group than her own. */
static const struct cred *become(u32 uid, u32 group)
{
	struct group_info *groups = groups_alloc(1);
	struct cred *cred = prepare_creds();
	const struct cred *root;

	groups->gid[0] = KGIDT_INIT(group);
	set_groups(cred, groups);
	put_group_info(groups);
	cred->uid = KUIDT_INIT(uid);
	cred->euid = cred->uid;
	cred->suid = cred->uid;
	cred->fsuid = cred->uid;
	cred->gid = KGIDT_INIT(uid);
	cred->egid = cred->gid;
	cred->sgid = cred->gid;
	cred->fsgid = cred->gid;
	cap_clear(cred->cap_permitted);
	cap_clear(cred->cap_effective);
	root = override_creds(cred);
	put_cred(cred);
	return root;
}

static void become_root(const struct cred *root)
{
	revert_creds(root);
}

static int ask(struct client *c, u8 cmd, const struct nic *nic, u64 id)
{
	client_begin(c, cmd, 0);
	client_put_u32(c, AVTPMAP_A_IFINDEX, nic->dev->ifindex);
	if (id)
		client_put_id(c, id);
	if (cmd == AVTPMAP_CMD_STREAM_SET)
		client_put_u32(c, AVTPMAP_A_MODE, AVTPMAP_MODE_COPY);
	return client_send(c);
}

/* As a user's program does it: socket, request, close. */
static int user_asks(struct kunit *test, u32 uid, u32 group, u8 cmd,
		     const struct nic *nic, u64 id, const char *text)
{
	const struct cred *root = become(uid, group);
	struct client *c = client_open(test);
	int err = ask(c, cmd, nic, id);

	become_root(root);
	if (text)
		KUNIT_EXPECT_TRUE_MSG(test, strstr(c->text, text), "%s", c->text);
	return err;
}

static int set_gid(struct kunit *test, const struct nic *nic, u32 gid)
{
	struct client *c = client_open(test);

	client_begin(c, AVTPMAP_CMD_PORT_SET, 0);
	client_put_u32(c, AVTPMAP_A_IFINDEX, nic->dev->ifindex);
	client_put_u32(c, AVTPMAP_A_GID, gid);
	return client_send(c);
}

static void rights_without_group(struct kunit *test)
{
	struct nic *nic = nic_create(test), *bare = nic_create(test);
	struct stream *s = stream_make(test, nic, 1);
	u8 cmd;

	for (cmd = AVTPMAP_CMD_PORT_SET; cmd <= AVTPMAP_CMD_DRAIN; cmd++) {
		if (cmd == AVTPMAP_CMD_PORT_GET || cmd == AVTPMAP_CMD_STREAM_GET ||
		    cmd == AVTPMAP_CMD_READER_GET)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, user_asks(test, ALICE, AUDIO, cmd, nic, 1,
						    "root"), -EPERM, "command %u",
				    cmd);
	}
	KUNIT_EXPECT_EQ(test, user_asks(test, ALICE, AUDIO, AVTPMAP_CMD_STREAM_ADD,
					bare, 1, "avtpmap attach IF --group"), -EPERM);
	KUNIT_EXPECT_NULL(test, nic_port(bare));
	KUNIT_EXPECT_EQ(test, nic_port(nic)->n_streams, 1);
	KUNIT_EXPECT_EQ(test, s->mode, AVTPMAP_MODE_TAKE);
}

/* A socket that one opened and another uses has the rights of neither alone. */
static void rights_lent_socket(struct kunit *test)
{
	struct nic *nic = nic_create(test);
	struct client *of_root = client_open(test), *of_alice;
	const struct cred *root;
	int err;

	root = become(ALICE, AUDIO);
	of_alice = client_open(test);
	err = ask(of_root, AVTPMAP_CMD_PORT_SET, nic, 0);
	become_root(root);
	KUNIT_EXPECT_EQ(test, err, -EPERM);
	KUNIT_EXPECT_EQ(test, ask(of_alice, AVTPMAP_CMD_PORT_SET, nic, 0), -EPERM);
	KUNIT_EXPECT_NULL(test, nic_port(nic));
	KUNIT_EXPECT_EQ(test, ask(of_root, AVTPMAP_CMD_PORT_SET, nic, 0), 0);
}

static void rights_of_group(struct kunit *test)
{
	struct nic *nic = nic_create(test);
	struct port *port;

	KUNIT_ASSERT_EQ(test, set_gid(test, nic, AUDIO), 0);
	port = nic_port(nic);
	KUNIT_ASSERT_NOT_NULL(test, port);
	KUNIT_EXPECT_EQ(test, user_asks(test, BOB, VIDEO, AVTPMAP_CMD_STREAM_ADD,
					nic, 1, "not in the group"), -EPERM);
	KUNIT_EXPECT_EQ(test, user_asks(test, ALICE, AUDIO, AVTPMAP_CMD_STREAM_ADD,
					nic, 1, NULL), 0);
	KUNIT_EXPECT_EQ(test, port->n_streams, 1);
	KUNIT_EXPECT_EQ(test, user_asks(test, BOB, AUDIO, AVTPMAP_CMD_STREAM_DEL,
					nic, 1, "another user"), -EPERM);
	KUNIT_EXPECT_EQ(test, user_asks(test, BOB, AUDIO, AVTPMAP_CMD_STREAM_SET,
					nic, 1, "another user"), -EPERM);
	KUNIT_EXPECT_EQ(test, user_asks(test, ALICE, AUDIO, AVTPMAP_CMD_STREAM_SET,
					nic, 1, NULL), 0);
	KUNIT_EXPECT_EQ(test, user_asks(test, ALICE, AUDIO, AVTPMAP_CMD_PORT_SET,
					nic, 0, "CAP_NET_ADMIN"), -EPERM);
	KUNIT_EXPECT_EQ(test, user_asks(test, ALICE, AUDIO, AVTPMAP_CMD_DRAIN,
					nic, 0, "CAP_NET_ADMIN"), -EPERM);
	port->mem_cap_bytes = port->mem_used_bytes;
	KUNIT_EXPECT_EQ(test, user_asks(test, ALICE, AUDIO, AVTPMAP_CMD_STREAM_ADD,
					nic, 2, "memory cap"), -EDQUOT);
	KUNIT_EXPECT_EQ(test, user_asks(test, ALICE, AUDIO, AVTPMAP_CMD_STREAM_DEL,
					nic, 1, NULL), 0);
	KUNIT_EXPECT_EQ(test, port->n_streams, 0);
	KUNIT_ASSERT_EQ(test, set_gid(test, nic, (u32)-1), 0);
	KUNIT_EXPECT_EQ(test, user_asks(test, ALICE, AUDIO, AVTPMAP_CMD_STREAM_ADD,
					nic, 1, "give a group"), -EPERM);
}

static u64 used(const struct port *port)
{
	return port->mem_used_bytes;
}

static int user_binds(struct kunit *test, u32 uid, u32 group,
		      const struct nic *nic)
{
	const struct cred *root = become(uid, group);
	int err = handle_bind(handle_open(test), nic, 1);

	become_root(root);
	return err;
}

static void rights_to_read(struct kunit *test)
{
	struct nic *nic = nic_create(test);

	stream_make(test, nic, 1);
	KUNIT_EXPECT_EQ(test, user_binds(test, ALICE, AUDIO, nic), -EACCES);
	KUNIT_ASSERT_EQ(test, set_gid(test, nic, AUDIO), 0);
	KUNIT_EXPECT_EQ(test, user_binds(test, ALICE, AUDIO, nic), 0);
	KUNIT_EXPECT_EQ(test, user_binds(test, BOB, AUDIO, nic), 0);
	KUNIT_EXPECT_EQ(test, user_binds(test, BOB, VIDEO, nic), -EACCES);
	KUNIT_EXPECT_EQ(test, handle_bind(handle_open(test), nic, 1), 0);
}

/* How many of @most handles a user may bind, be it root (@uid 0). */
static u32 binds(struct kunit *test, u32 uid, const struct nic *nic, u32 most)
{
	u32 n;
	int err = 0;

	for (n = 0; n < most; n++) {
		err = uid ? user_binds(test, uid, AUDIO, nic) :
			    handle_bind(handle_open(test), nic, 1);
		if (err)
			break;
	}
	if (n < most)
		KUNIT_EXPECT_EQ(test, err, -EUSERS);
	return n;
}

/* Whoever comes first leaves room for the next, and root needs no share. */
static void rights_to_a_share(struct kunit *test)
{
	struct nic *nic = nic_create(test);

	stream_make(test, nic, 1);
	KUNIT_ASSERT_EQ(test, set_gid(test, nic, AUDIO), 0);
	KUNIT_EXPECT_EQ(test, binds(test, ALICE, nic, AVTPMAP_READERS_MAX), 64);
	KUNIT_EXPECT_EQ(test, binds(test, BOB, nic, AVTPMAP_READERS_MAX), 32);
	KUNIT_EXPECT_EQ(test, binds(test, ALICE, nic, 1), 0);
	KUNIT_EXPECT_EQ(test, binds(test, 0, nic, AVTPMAP_READERS_MAX), 32);
	KUNIT_EXPECT_EQ(test, binds(test, BOB + 1, nic, 1), 0);
}

static struct reader *user_reads(struct kunit *test, u32 uid,
				 const struct nic *nic, int expected)
{
	const struct cred *root = become(uid, AUDIO);
	struct reader *r = handle_open(test);

	KUNIT_EXPECT_EQ(test, handle_bind(r, nic, 1), expected);
	become_root(root);
	return r;
}

/*
 * What a deleted stream took is its readers' users', each once: the port can be
 * used at once, and nobody gathers more than a port may have.
 */
static void rights_to_dead_memory(struct kunit *test)
{
	struct nic *nic = nic_create(test);
	struct port *port = port_make(test, nic);
	struct reader *r[2][2];
	int i;

	KUNIT_ASSERT_EQ(test, set_gid(test, nic, AUDIO), 0);
	for (i = 0; i < 2; i++) {
		struct stream *s = stream_make(test, nic, 1);

		port->mem_cap_bytes = 2 * s->ring.bytes;
		r[i][0] = user_reads(test, ALICE, nic, 0);
		r[i][1] = user_reads(test, ALICE, nic, 0);
		user_reads(test, BOB + i, nic, 0);
		stream_drop(s);
		KUNIT_EXPECT_EQ(test, used(port), 0);
	}
	stream_make(test, nic, 1);
	user_reads(test, ALICE, nic, -EDQUOT);
	reader_close(test, r[0][0]);
	user_reads(test, ALICE, nic, -EDQUOT);	/* she has it still */
	user_reads(test, BOB, nic, 0);
	reader_close(test, r[1][1]);
	user_reads(test, ALICE, nic, -EDQUOT);
	reader_close(test, r[0][1]);
	user_reads(test, ALICE, nic, 0);
}

/* Who holds but one ring may read another of any size. */
static void rights_to_one_ring(struct kunit *test)
{
	struct nic *nic = nic_create(test);
	struct port *port = port_make(test, nic);
	struct stream *s;

	KUNIT_ASSERT_EQ(test, set_gid(test, nic, AUDIO), 0);
	s = stream_make(test, nic, 1);
	port->mem_cap_bytes = 1;	/* lowered since */
	user_reads(test, ALICE, nic, 0);
	stream_drop(s);
	port->mem_cap_bytes = PORT_MEM_CAP_BYTES;
	stream_make(test, nic, 1);
	user_reads(test, ALICE, nic, 0);
}

/* One user's open handles are no other's. */
static void rights_to_handles(struct kunit *test)
{
	struct reader **r = kunit_kcalloc(test, AVTPMAP_HANDLES_MAX + 1,
					  sizeof(*r), GFP_KERNEL);
	const struct cred *root;
	struct reader *other;
	int n;

	KUNIT_ASSERT_NOT_NULL(test, r);
	root = become(ALICE, AUDIO);
	for (n = 0; n <= AVTPMAP_HANDLES_MAX; n++) {
		r[n] = reader_create();
		if (IS_ERR(r[n]))
			break;
	}
	become_root(root);
	KUNIT_EXPECT_EQ(test, n, AVTPMAP_HANDLES_MAX);
	root = become(BOB, AUDIO);
	other = reader_create();
	become_root(root);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, other);
	if (!IS_ERR(other))
		reader_destroy(other);
	while (n)
		reader_destroy(r[--n]);		/* as root, but they were hers */
	root = become(ALICE, AUDIO);
	other = reader_create();
	become_root(root);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other);
	reader_destroy(other);
}

static struct kunit_case rights_cases[] = {
	KUNIT_CASE(rights_without_group),
	KUNIT_CASE(rights_lent_socket),
	KUNIT_CASE(rights_of_group),
	KUNIT_CASE(rights_to_read),
	KUNIT_CASE(rights_to_a_share),
	KUNIT_CASE(rights_to_dead_memory),
	KUNIT_CASE(rights_to_one_ring),
	KUNIT_CASE(rights_to_handles),
	{}
};

static struct kunit_suite rights_suite = {
	.name = "avtpmap_rights",
	.test_cases = rights_cases,
};

kunit_test_suite(rights_suite);
