/* SPDX-License-Identifier: MIT */
/*
 * MRP (IEEE 802.1Q clause 10): one participant, which is one application on one
 * port. It knows neither sockets nor clocks: PDUs and times are given to it.
 */
#ifndef AVTPMAP_SRP_MRP_H
#define AVTPMAP_SRP_MRP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- machines.c: tables 10-3 to 10-6 ---- */

enum mrp_state {
	MRP_VO,
	MRP_VP,
	MRP_VN,
	MRP_AN,
	MRP_AA,
	MRP_QA,
	MRP_LA,
	MRP_AO,
	MRP_QO,
	MRP_AP,
	MRP_QP,
	MRP_LO,
	MRP_STATES
};

enum mrp_registrar { MRP_MT, MRP_LV, MRP_IN, MRP_REGISTRARS };

enum mrp_event {
	MRP_BEGIN,
	MRP_NEW,
	MRP_JOIN,
	MRP_LEAVE,
	MRP_R_NEW,
	MRP_R_JOIN_IN,
	MRP_R_IN,
	MRP_R_JOIN_MT,
	MRP_R_MT,
	MRP_R_LV,
	MRP_R_LA,
	MRP_REDECLARE,
	MRP_PERIODIC,
	MRP_TX,
	MRP_TX_LA,
	MRP_TX_LAF, /* LeaveAll is sent, and there is no room for this one */
	MRP_FLUSH,
	MRP_LEAVE_TIMER,
	MRP_EVENTS
};

enum mrp_send {
	MRP_SEND_NOTHING,
	MRP_SEND_NEW,
	MRP_SEND_JOIN, /* JoinIn or JoinMt, as the registrar is */
	MRP_SEND_NULL, /* In or Mt */
	MRP_SEND_LV,
	MRP_SEND_MAY_JOIN, /* these two where it makes the PDU shorter: never */
	MRP_SEND_MAY_NULL,
};

enum mrp_told {
	MRP_TOLD_NOTHING,
	MRP_TOLD_NEW,
	MRP_TOLD_JOIN,
	MRP_TOLD_LV,
};

enum mrp_timer {
	MRP_TIMER_KEEP,
	MRP_TIMER_START,
	MRP_TIMER_STOP,
};

/**
 * mrp_applicant() - what is declared, and what has to be said of it
 * @state: enum mrp_state, in and out
 * @ev: of those before MRP_FLUSH
 * @in: the registrar is IN
 * @p2p: the port is point-to-point: observers then say nothing, as nobody but
 *	the bridge could need to hear it
 */
enum mrp_send mrp_applicant(uint8_t *state, enum mrp_event ev, bool in,
			    bool p2p);
/* What the other side declares. */
enum mrp_told mrp_registrar(uint8_t *state, enum mrp_event ev,
			    enum mrp_timer *timer);

enum mrp_periodic_event {
	MRP_PERIODIC_BEGIN,
	MRP_PERIODIC_ENABLED,
	MRP_PERIODIC_DISABLED,
	MRP_PERIODIC_TIMER,
};

/* Both machines have an active and a passive state. */
bool mrp_leaveall(bool *active, enum mrp_event ev, enum mrp_timer *timer);
bool mrp_periodic(bool *active, enum mrp_periodic_event ev,
		  enum mrp_timer *timer);

/* ---- pdu.c ---- */

enum {
	MRP_VALUE_MAX = 34,
	MRP_TYPES_MAX = 4,
	MRP_PDU_MAX = 1500,
};

/* AttributeEvents, as they are on the wire */
enum mrp_wire {
	MRP_WIRE_NEW,
	MRP_WIRE_JOIN_IN,
	MRP_WIRE_IN,
	MRP_WIRE_JOIN_MT,
	MRP_WIRE_MT,
	MRP_WIRE_LV,
	MRP_WIRE_LEAVEALL, /* of the type; before the values of its vector */
};

/**
 * struct mrp_type - an attribute type
 * @value_bytes: of FirstValue
 * @key_bytes: of them, what tells one attribute from another
 * @four: it has FourPackedEvents
 * @twin: the type of which the same key cannot be registered too, or 0
 */
struct mrp_type {
	uint8_t value_bytes;
	uint8_t key_bytes;
	bool four;
	uint8_t twin;
};

/**
 * struct mrp_app - an application of MRP
 * @name: "MSRP"
 * @ethertype, @mac: where its PDUs go
 * @list_length: its messages have an AttributeListLength
 * @leave_at_once: one Lv ends a registration, without a LeaveTime
 * @periodic: it is sent again every second
 * @leave_ns: LeaveTime
 * @n_types, @types: from type 1
 * @step: makes a value the next of its vector
 */
struct mrp_app {
	const char *name;
	uint16_t ethertype;
	uint8_t mac[6];
	bool list_length;
	bool leave_at_once;
	bool periodic;
	uint64_t leave_ns;
	uint8_t n_types;
	struct mrp_type types[MRP_TYPES_MAX];
	void (*step)(uint8_t type, uint8_t *value);
};

extern const struct mrp_app msrp_app, mvrp_app;

static inline const struct mrp_type *mrp_type(const struct mrp_app *app,
					      uint8_t type)
{
	return type && type <= app->n_types ? &app->types[type - 1] : NULL;
}

/**
 * struct mrp_value - what a PDU says of one attribute
 * @type: its type
 * @event: enum mrp_wire
 * @param: FourPackedEvent, or 0
 * @value: of the type's value_bytes; NULL with MRP_WIRE_LEAVEALL
 */
struct mrp_value {
	uint8_t type;
	uint8_t event;
	uint8_t param;
	const uint8_t *value;
};

typedef void mrp_value_fn(void *arg, const struct mrp_value *v);

/*
 * Takes a PDU (behind its Ethernet header) apart. @fn may be NULL, to check
 * it. Returns 0, or -EBADMSG at what cannot be: then what came before it has
 * been told.
 */
int mrp_parse(const struct mrp_app *app, const uint8_t *pdu, size_t bytes,
	      mrp_value_fn *fn, void *arg);

/* A PDU being written. */
struct mrp_writer {
	const struct mrp_app *app;
	uint8_t *at;
	uint8_t *end; /* less what is kept for the types to come */
	uint8_t *list; /* of the open message; NULL: none is open */
	uint8_t type;
	bool leaveall; /* still to be said of @type */
};

void mrp_write_begin(struct mrp_writer *w, const struct mrp_app *app,
		     uint8_t *buf, size_t bytes);
void mrp_write_type(struct mrp_writer *w, uint8_t type, bool leaveall);
/* false: no room, nothing was written */
bool mrp_write_value(struct mrp_writer *w, const struct mrp_value *v);
void mrp_write_type_end(struct mrp_writer *w);
/* The PDU's size, or 0: there is nothing in it. */
size_t mrp_write_end(struct mrp_writer *w, const uint8_t *buf);

/* ---- mrp.c: the participant ---- */

#define MRP_MS 1000000ull
#define MRP_JOIN_NS (200 * MRP_MS)
#define MRP_LEAVEALL_NS (10000 * MRP_MS)
#define MRP_PERIODIC_NS (1000 * MRP_MS)
#define MRP_NEVER UINT64_MAX

enum {
	MRP_ATTRS_MAX = 4096, /* what others declare is bounded */
	MRP_HASH = 256,
};

/**
 * struct mrp_attr - an attribute that either side declares, or did
 * @next: of all, in the order in which they appeared
 * @chain: of those with the same hash
 * @type: its type
 * @applicant: enum mrp_state
 * @registrar: enum mrp_registrar
 * @param, @ours: what we declare
 * @their_param, @theirs: what is registered
 * @leave_ns: when LV ends
 * @hold: the port's: says to other processes that we declare it; or -1
 */
struct mrp_attr {
	struct mrp_attr *next;
	struct mrp_attr *chain;
	uint8_t type;
	uint8_t applicant;
	uint8_t registrar;
	uint8_t param;
	uint8_t their_param;
	uint8_t ours[MRP_VALUE_MAX];
	uint8_t theirs[MRP_VALUE_MAX];
	uint64_t leave_ns;
	int hold;
};

/**
 * struct mrp - a participant, point-to-point
 * @app: of which application
 * @first: its attributes
 * @hash: to find them by
 * @n_attrs: how many
 * @leaveall: the LeaveAll machine is active
 * @leaveall_ns: its timer
 * @leaveall_time_ns: LeaveAllTime; a test may shorten it
 * @leave_time_ns: LeaveTime; the same
 * @periodic: the PeriodicTransmission machine is active
 * @periodic_ns: its timer
 * @want: there is something to send
 * @sent_ns: when the last PDU was sent
 * @changed: a registration came, went or changed; the user clears it
 * @seed: of what is random
 * @rx, @tx: PDUs
 * @malformed: PDUs that were thrown away
 * @refused: attributes beyond MRP_ATTRS_MAX
 */
struct mrp {
	const struct mrp_app *app;
	struct mrp_attr *first;
	struct mrp_attr *hash[MRP_HASH];
	unsigned int n_attrs;
	bool leaveall;
	uint64_t leaveall_ns;
	uint64_t leaveall_time_ns;
	uint64_t leave_time_ns;
	bool periodic;
	uint64_t periodic_ns;
	bool want;
	uint64_t sent_ns;
	bool changed;
	uint64_t seed;
	uint64_t rx;
	uint64_t tx;
	uint64_t malformed;
	uint64_t refused;
};

void mrp_init(struct mrp *m, const struct mrp_app *app, uint64_t seed,
	      uint64_t now_ns);
void mrp_free(struct mrp *m);
/* NULL: nobody declares or declared it */
struct mrp_attr *mrp_find(struct mrp *m, uint8_t type, const uint8_t *key);
bool mrp_declared(const struct mrp_attr *a); /* by us; NULL is fine */
bool mrp_registered(const struct mrp_attr *a); /* by them; NULL is fine */
/*
 * Declares a value, or another one or another parameter for the same key. NULL
 * without memory. Nothing is said again of what is declared just so.
 */
struct mrp_attr *mrp_declare(struct mrp *m, uint8_t type, const uint8_t *value,
			     uint8_t param);
void mrp_withdraw(struct mrp *m, struct mrp_attr *a);
/* Without a word, because somebody else on this port goes on declaring it. */
void mrp_forget(struct mrp_attr *a);
/*
 * 0 or -EBADMSG; then nothing of it was heeded.
 * @own: another participant on this very port sent it
 */
int mrp_receive(struct mrp *m, const uint8_t *pdu, size_t bytes, bool own,
		uint64_t now_ns);
/* The size of what is to be sent now, or 0. */
size_t mrp_transmit(struct mrp *m, uint8_t *pdu, size_t bytes, uint64_t now_ns);
/* The same, without heed to when the last one was sent. */
size_t mrp_transmit_now(struct mrp *m, uint8_t *pdu, size_t bytes,
			uint64_t now_ns);
void mrp_timers(struct mrp *m, uint64_t now_ns);
/* When mrp_timers() or mrp_transmit() has something to do. */
uint64_t mrp_next_ns(const struct mrp *m);
void mrp_link_down(struct mrp *m); /* Flush! */
void mrp_link_up(struct mrp *m, uint64_t now_ns); /* Redeclare! */

#endif
