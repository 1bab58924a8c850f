package Bench::Workloads;
# Bench::Workloads - the tables: sizes, data sets, jobs, and the rows that jobs bring
#
#   my $w = Bench::Workloads->new('quick');
#   $w->jobs; $w->sets; $w->users; $w->stamp; $w->value('ms')
#
# A word in {braces} stands for a value: the sizes below, and what the generator says about a data
# set ({bytes_mid}, {unseen_mid}, ...), so that no server's answer is measured by another server's.
use strict;
use warnings;
use Bench::Drive qw(drive);

my %SIZES = (
    full => {
        small => 100, mid => 20_000, bulk => 10_000, times => 10, box => 500,
        parents1 => 20, children1 => 49, parents2 => 200, children2 => 99,
        idle => 2_000, idlers => 100, deliveries => 30, flood => 10_000, ms => 2_000, rounds => 3,
    },
    quick => {
        small => 100, mid => 2_000, bulk => 1_000, times => 10, box => 200,
        parents1 => 10, children1 => 49, parents2 => 20, children2 => 49,
        idle => 100, idlers => 20, deliveries => 10, flood => 800, ms => 250, rounds => 1,
    },
);

my $USERS = 'd:20 r:100 i:{idlers} p:4 m:8 small mid bulk l1 l2';

# Name => what makes it (driver calls), what proves that it is whole, what is looked at before each
# run.  `after`: the set it is made from.  `each`: once for every user of that prefix and number.
my %SETS = (
    small => { fill => 'fill user=small kind=real n={small}',
        verify => 'verify user=small kind=real n={small} bytes={bytes_small} sample=50' },
    mid => { fill => 'fill user=mid kind=real n={mid}',
        verify => 'verify user=mid kind=real n={mid} bytes={bytes_mid} sample=200',
        check => 'verify user=mid n={mid}' },
    bulk => { fill => 'fill user=bulk kind=small n={bulk}',
        verify => 'verify user=bulk kind=small n={bulk} bytes={bytes_bulk} sample=50',
        check => 'verify user=bulk n={bulk}' },
    big => { after => 'bulk', fill => 'copies user=bulk box=big times={times}',
        verify => 'verify user=bulk box=big n={big}' },
    pop => { each => ['p', 4], fill => 'fill user={user} kind=real n={small}',
        verify => 'verify user={user} kind=real n={small} bytes={bytes_small} sample=5' },
    mix => { each => ['m', 8], fill => 'fill user={user} kind=real n={box}',
        verify => 'verify user={user} kind=real n={box} bytes={bytes_box} sample=5' },
    l1 => { fill => 'mkboxes user=l1 parents={parents1} children={children1}',
        verify => 'verify user=l1 n=0 boxes={lists1}' },
    l2 => { fill => 'mkboxes user=l2 parents={parents2} children={children2}',
        verify => 'verify user=l2 n=0 boxes={lists2}' },
);

# Rows of the table: text, the metric that the ratio is taken of, and where the list of marks has
# one, the mark "first"; `cyrus` behind it: measured against Cyrus alone.
#   rate  units per second     p50  latency      cpu  processor time of the server per unit
#   mbps  bytes per second     pss  kB per connection
my %BULK = (
    copy         => ['COPY {bulk}', 'p50', 1.0],
    storedeleted => ['STORE \Deleted on {bulk}', 'p50'],
    expunge      => ['EXPUNGE {bulk}', 'p50', 1.0],
    move         => ['MOVE {bulk}', 'p50', 1.0],
);
my %IDLE = (
    'idle.setup'        => ['{idle} idle connections, set up', 'rate'],
    'idle.memory'       => ['memory of an idle connection', 'pss', 1.5],
    'idle.notify'       => ['250 of a delivery to EXISTS', 'p50', 1.0, 'cyrus'],
    'idle.notify-start' => ['start of a delivery to EXISTS', 'p50'],
    'idle.delivery'     => ['a delivery with its notices', 'cpu'],
);

my %RECOVERY = (
    'recovery.ready'    => ['ready after kill -9, {flood} messages since its start', 'p50'],
    'recovery.delivery' => ['... and the first delivery done', 'p50'],
);

# Jobs in the order they run: name, data sets, driver call, the row or a table of rows, flags:
# both: also with a client that acknowledges at once; restart: start the server afresh after it;
# stores: leaves messages with the users of prefix d and r, and what the disk did is counted;
# more: only when --only is given; recovery: Bench::Recovery does it.
my $TO = 'prefix=d users=20';
my $SMALL = 'user=small n={small}';
my $BIG = 'user=bulk box=big n={big}';
my $MID = 'user=mid n={mid}';
my $BULK = 'user=bulk n={bulk}';

# Delivery and APPEND over numbers of connections, mailboxes and recipients, and sizes.
my @CONNS = (1, 2, 4, 8, 16, 32);
my @RECIPIENTS = (1, 10, 100);
my @SIZES_KB = (1, 4, 16, 64, 256, 1024, 10_240);

sub store_jobs {
    my $job = sub {
        my ($name, $call, $text) = @_;
        return [$name, '', $call, [$text, 'rate'], qw(more stores)];
    };
    my @jobs = map { $job->("deliver-c$_", "lmtp $TO conns=$_", "deliver to 20 mailboxes, $_ conn.") } @CONNS;
    push @jobs, map { $job->("deliver-one-c$_", "lmtp prefix=d users=1 conns=$_", "deliver to one mailbox, $_ conn.") } @CONNS;
    push @jobs, map { $job->("deliver-r$_", "lmtp prefix=r users=100 conns=4 rcpts=$_",
            "deliver to $_ recipients (each), 4 conn.") } @RECIPIENTS;
    push @jobs, map { $job->("deliver-k$_", "lmtp $TO conns=4 size=" . $_ * 1024, "deliver $_ kB, 4 conn.") } @SIZES_KB;
    push @jobs, map { $job->("append-to-c$_", "append prefix=r users=100 conns=$_", "APPEND to own mailboxes, $_ conn.") } @CONNS;
    push @jobs, map { $job->("append-one-c$_", "append prefix=d users=1 conns=$_", "APPEND to one mailbox, $_ conn.") } @CONNS;
    push @jobs, map { $job->("append-k$_", "append $TO conns=4 size=" . $_ * 1024, "APPEND $_ kB, 4 conn.") } @SIZES_KB;
    push @jobs, map { $job->("append-multi-c$_", "append $TO conns=$_ multi=50", "MULTIAPPEND of 50 (each), $_ conn.") } @CONNS;
    return @jobs;
}

my @JOBS = (
    ['lmtp-c1', '', "lmtp $TO conns=1", ['LMTP, 1 connection', 'p50', 1.0], qw(both stores)],
    ['lmtp-c8', '', "lmtp $TO conns=8", ['LMTP, 8 connections', 'rate', 1.0], 'stores'],
    ['lmtp-rcpt10', '', "lmtp $TO conns=4 rcpts=10", ['LMTP, 10 recipients (each), 4 conn.', 'rate', 1.0], 'stores'],
    ['append-c1', '', "append $TO conns=1", ['APPEND, 1 connection', 'rate'], 'stores'],
    ['append-c8', '', "append $TO conns=8", ['APPEND, 8 connections', 'rate', 1.0], 'stores'],
    ['append-multi', '', "append $TO conns=1 multi=50", ['MULTIAPPEND of 50 (each), 1 connection', 'rate'], 'stores'],
    store_jobs(),
    ['recovery', '', 'n={flood}', \%RECOVERY, qw(more recovery)],
    ['login', '', "login $TO conns=4", ['login + logout, 4 connections', 'rate', 1.0]],

    ['select-small', 'small', "imap cmd=select $SMALL", ['SELECT of {small}, warm', 'cpu', 1.0]],
    ['status-small', 'small', "imap cmd=status $SMALL", ['STATUS of {small}', 'cpu', 1.0]],
    ['noop', 'small', "imap cmd=noop $SMALL", ['NOOP, mailbox selected', 'cpu', 1.0]],
    ['select-big', 'big', "imap cmd=select $BIG", ['SELECT of {big}, warm', 'cpu', 0.1]],
    ['select-big-new', 'big', "selectnew $BIG", ['SELECT of {big}, new connection', 'p50']],
    ['status-big', 'big', "imap cmd=status $BIG", ['STATUS of {big}', 'cpu']],
    ['flags', 'big', "imap cmd=flags $BIG", ['FETCH FLAGS of {big}', 'cpu', 1.0]],

    ['envelope', 'mid', "imap cmd=envelope $MID", ['FETCH ENVELOPE of {mid}', 'cpu', 1.0]],
    ['structure', 'mid', "imap cmd=structure $MID", ['FETCH BODYSTRUCTURE of {mid}', 'cpu', 0.8]],
    ['view50', 'mid', "imap cmd=list50 $MID", ['list view of 50', 'cpu', 1.0], 'both'],
    ['headers50', 'mid', "imap cmd=headers50 $MID", ['50 header lists', 'cpu', 0.5], 'both'],
    ['fetch-one', 'mid', "imap cmd=one $MID", ['FETCH one whole message', 'cpu'], 'both'],
    ['fetch-full', 'mid', "imap cmd=full $MID expect={bytes_mid}",
        ['FETCH {mid} whole messages', 'mbps', 1.0], 'both'],

    ['store-one', 'bulk', "imap cmd=storeone $BULK", ['STORE one of {bulk}', 'rate', 1.0, 'cyrus'], 'both'],
    ['store-bulk', 'bulk', "imap cmd=storebulk $BULK", ['STORE {bulk}, silent', 'rate', 0.1]],
    ['resync', 'bulk', "imap cmd=resync $BULK", ['SELECT QRESYNC of {bulk}, 50 changed', 'cpu', 1.0]],
    ['changed', 'bulk', "imap cmd=changed $BULK", ['CHANGEDSINCE in {bulk}, 50 changed', 'cpu', 1.0]],
    ['bulk', 'bulk', "bulk $BULK", \%BULK],

    ['search-unseen', 'mid', "imap cmd=unseen $MID expect={unseen_mid}", ['SEARCH UNSEEN in {mid}', 'cpu'], 'both'],
    ['search-since', 'mid', "imap cmd=since $MID expect={since_mid}", ['SEARCH SINCE in {mid}', 'cpu']],
    ['search-subject', 'mid', "imap cmd=subject $MID expect={subject_mid}", ['SEARCH SUBJECT in {mid}', 'cpu', 0.6]],
    ['search-from', 'mid', "imap cmd=from $MID expect={from_mid}", ['SEARCH FROM in {mid}', 'cpu', 0.6]],
    ['search-header', 'mid', "imap cmd=header $MID expect={header_mid}", ['SEARCH HEADER in {mid}', 'cpu', 0.6]],
    ['search-body', 'mid', "imap cmd=body $MID expect={body_mid}", ['SEARCH BODY in {mid}', 'cpu', 0.7]],

    ['sort-date', 'mid', "imap cmd=sortdate $MID", ['SORT (DATE) in {mid}', 'cpu', 2.0]],
    ['sort-subject', 'mid', "imap cmd=sortsubject $MID", ['SORT (SUBJECT) in {mid}', 'cpu', 3.0]],
    ['sort-from', 'mid', "imap cmd=sortfrom $MID", ['SORT (FROM DATE) in {mid}', 'cpu']],
    ['thread-refs', 'mid', "imap cmd=threadrefs $MID", ['THREAD REFERENCES in {mid}', 'cpu', 5.0]],
    ['thread-subject', 'mid', "imap cmd=threadsubject $MID", ['THREAD ORDEREDSUBJECT in {mid}', 'cpu']],

    ['list-1', 'l1 l2', 'imap cmd=list user=l1 expect={lists1}', ['LIST of {lists1}', 'cpu', 1.0]],
    ['list-status', 'l1 l2', 'imap cmd=liststatus user=l1 expect={lists1}', ['LIST with STATUS of {lists1}', 'cpu', 1.0]],
    ['list-2', 'l2', 'imap cmd=list user=l2 expect={lists2}', ['LIST of {lists2}', 'cpu']],

    ['pop3', 'pop', 'pop3 prefix=p conns=4 n={small} bytes={bytes_small}',
        ['POP3 session of {small}, 4 conn.', 'cpu', 1.0], 'both'],
    ['mixed', 'mix', 'mixed prefix=m conns=8 n={box} unseen={unseen_box}',
        ['mixed commands, 8 connections', 'rate', 1.0], 'both'],
    ['idle', '', 'idle conns={idle} prefix=i users={idlers} deliveries={deliveries}', \%IDLE, 'restart'],
);

# Sizes: full or quick; values that are to be others.
sub new {
    my ($class, $mode, %other) = @_;
    my %v = (%{ $SIZES{$mode} }, %other);
    $v{big} = $v{bulk} * $v{times};
    $v{"lists$_"} = 1 + $v{"parents$_"} * (1 + $v{"children$_"}) for 1, 2;      # with the INBOX
    return bless { value => \%v }, $class;
}

# A value by name; what the generator knows is asked once.
sub value {
    my ($self, $name) = @_;
    my $v = $self->{value};
    if (!defined $v->{$name}) {
        my ($fact, $set) = $name =~ /^([a-z]+)_(small|mid|box|bulk)$/ or die "no value is called '$name'\n";
        my $kind = $set eq 'bulk' ? 'small' : 'real';
        my $r = drive('expect', "kind=$kind", "n=$v->{$set}");
        ref $r or die "the driver could not compute the data set\n";
        $v->{"${_}_$set"} = $r->[0]{$_} for keys %{ $r->[0] };
    }
    return $v->{$name};
}

sub comma {
    my ($n) = @_;
    1 while $n =~ s/^(\d+)(\d{3})/$1,$2/;
    return $n;
}

# Put the values in; for people to read with commas.
sub fill_in {
    my ($self, $text, %more) = @_;
    return $text =~ s/\{(\w+)\}/$more{$1} \/\/ $self->value($1)/ger;
}

sub readable {
    my ($self, $text) = @_;
    return $text =~ s/\{(\w+)\}/comma($self->value($1))/ger;
}

# The list of "drive mkusers".
sub users { my ($self) = @_; return $self->fill_in($USERS) }

# What a data set depends on: sets made under another stamp are made anew.
sub stamp {
    my ($self) = @_;
    my @names = grep { !/_|^(?:ms|rounds|deliveries|flood)$/ } sort keys %{ $self->{value} };
    return join ' ', 'generator=' . $self->value('version_small'), map { "$_=$self->{value}{$_}" } @names;
}

# { name => { after, fill => [calls], verify => [calls], check => [calls] } }
sub sets {
    my ($self) = @_;
    my %out;
    for my $name (keys %SETS) {
        my $set = $SETS{$name};
        my ($prefix, $count) = @{ $set->{each} || [] };
        my @users = $count ? map({ sprintf '%s%02d', $prefix, $_ } 0 .. $count - 1) : '';
        my $calls = sub { my ($text) = @_; [map { $self->fill_in($text, user => $_) } @users] };
        $out{$name} = { after => $set->{after}, fill => $calls->($set->{fill}), verify => $calls->($set->{verify}),
            check => $calls->($set->{check} || $set->{verify}) };
    }
    return \%out;
}

# [{ name, needs => [sets], call, rows => { result => { text, metric, mark, against } }, flags... }]
sub jobs {
    my ($self) = @_;
    my $row = sub {
        my ($text, $metric, $mark, $against) = @_;
        return { text => $self->readable($text), metric => $metric, mark => $mark, against => $against };
    };
    return map {
        my ($name, $needs, $call, $rows, @flags) = @$_;
        my %rows = ref $rows eq 'HASH' ? %$rows : ($name => $rows);
        +{ name => $name, needs => [split ' ', $needs], call => $call, map({ $_ => 1 } @flags),
            rows => { map { $_ => $row->(@{ $rows{$_} }) } keys %rows } };
    } @JOBS;
}

1;
