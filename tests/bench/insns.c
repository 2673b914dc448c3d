// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * A QEMU TCG plugin: counts what the guest executes, by address, between two
 * marks. Idle time costs nothing here, whatever clock the guest has.
 *
 *	-plugin insns.so,out=FILE
 *
 * The guest marks by a no-op that no compiler makes: nopl 0x41565400(%rax,%rax),
 * where the last octet is 1 to begin (again), 2 to end and write FILE. Each line
 * of FILE is the address of a block of code, how often it was entered, and how
 * many instructions it has; the first line holds the words "blocks N".
 *
 * QEMU's plugin interface, version 4, as far as it is used here. Debian has no
 * package with its header.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
typedef struct qemu_info_t qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_scoreboard;

typedef struct {
	struct qemu_plugin_scoreboard *score;
	size_t offset;
} qemu_plugin_u64;

enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };

typedef void (*qemu_plugin_vcpu_tb_trans_cb_t)(qemu_plugin_id_t id,
					       struct qemu_plugin_tb *tb);
typedef void (*qemu_plugin_vcpu_udata_cb_t)(unsigned int vcpu, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
					   qemu_plugin_vcpu_tb_trans_cb_t cb);
void qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(
	struct qemu_plugin_tb *tb, enum qemu_plugin_op op,
	qemu_plugin_u64 entry, uint64_t imm);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    qemu_plugin_vcpu_udata_cb_t cb,
					    enum qemu_plugin_cb_flags flags,
					    void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *
qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *dest,
			     size_t len);
struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t bytes);
void qemu_plugin_u64_set(qemu_plugin_u64 entry, unsigned int vcpu, uint64_t v);
uint64_t qemu_plugin_u64_get(qemu_plugin_u64 entry, unsigned int vcpu);

#define EXPORT __attribute__((visibility("default")))

EXPORT int qemu_plugin_version = 4;

enum { BUCKETS = 1 << 16 };

/* A block of guest code: where it begins and how long it is make it one. */
struct block {
	struct block *next;
	uint64_t vaddr;
	uint32_t n_insns;
	qemu_plugin_u64 count;
};

static struct block *blocks[BUCKETS];
static const char *path;

static struct block *block_of(uint64_t vaddr, uint32_t n_insns)
{
	struct block **head =
		&blocks[(vaddr * 0x9e3779b97f4a7c15ull >> 40) % BUCKETS];
	struct block *b;

	for (b = *head; b; b = b->next)
		if (b->vaddr == vaddr && b->n_insns == n_insns)
			return b;
	b = calloc(1, sizeof(*b));
	if (!b)
		abort();
	b->vaddr = vaddr;
	b->n_insns = n_insns;
	b->count.score = qemu_plugin_scoreboard_new(sizeof(uint64_t));
	b->next = *head;
	*head = b;
	return b;
}

static void begin(void)
{
	for (int i = 0; i < BUCKETS; i++)
		for (struct block *b = blocks[i]; b; b = b->next)
			qemu_plugin_u64_set(b->count, 0, 0);
}

static void end(void)
{
	char part[4096];
	FILE *f;
	int n = 0;

	snprintf(part, sizeof(part), "%s.part", path);
	f = fopen(part, "w");
	if (!f)
		return;
	for (int i = 0; i < BUCKETS; i++)
		for (struct block *b = blocks[i]; b; b = b->next) {
			uint64_t times = qemu_plugin_u64_get(b->count, 0);

			if (!times)
				continue;
			fprintf(f, "%016" PRIx64 " %" PRIu64 " %u\n", b->vaddr,
				times, b->n_insns);
			n++;
		}
	fprintf(f, "blocks %d\n", n);
	fclose(f);
	rename(part, path);
}

static void mark(unsigned int vcpu, void *data)
{
	(void)vcpu;
	if ((uintptr_t)data == 1)
		begin();
	else
		end();
}

/* The octet that a mark has, or 0. */
static unsigned int mark_in(const struct qemu_plugin_insn *insn)
{
	static const uint8_t nop[] = { 0x0f, 0x1f, 0x84, 0x00 };
	uint8_t code[16];

	if (qemu_plugin_insn_data(insn, code, sizeof(code)) != 8 ||
	    memcmp(code, nop, sizeof(nop)) || code[5] != 'T' ||
	    code[6] != 'V' || code[7] != 'A')
		return 0;
	return code[4];
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);
	struct block *b = block_of(qemu_plugin_tb_vaddr(tb), n);

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(
		tb, QEMU_PLUGIN_INLINE_ADD_U64, b->count, 1);
	for (size_t i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		unsigned int which = mark_in(insn);

		if (which == 1 || which == 2)
			qemu_plugin_register_vcpu_insn_exec_cb(
				insn, mark, QEMU_PLUGIN_CB_NO_REGS,
				(void *)(uintptr_t)which);
	}
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info,
			       int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++)
		if (!strncmp(argv[i], "out=", 4))
			path = strdup(argv[i] + 4);
	if (!path)
		return 1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
