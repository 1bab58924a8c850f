package Model::Stream;
# Model::Stream - random descriptions of commands, leaning towards what is legal and interesting now
#
# A description holds shares and names, no numbers of the moment: the same list of descriptions can be run
# again, whole or in part, in a new world.
use strict;
use warnings;
use Exporter qw(import);
use Model::Mail;
use Model::Search;

our @EXPORT_OK = qw(next_step);

my @SYSTEM = ('\Seen', '\Deleted', '\Flagged', '\Answered', '\Draft');
my @WORDS = qw(kw1 KW1 $Label Project-X);

sub _pick { return $_[ rand @_ ] }
sub _chance { return rand() < $_[0] }

sub _flags {
    my @words = grep { _chance(0.3) } @SYSTEM;
    push @words, _pick(@WORDS) if _chance(0.3);
    @words = (_pick(@SYSTEM)) if !@words && _chance(0.9);
    return \@words;
}

sub _lower { my %seen; return [ grep { !$seen{$_}++ } map { lc } @{ $_[0] } ] }

sub _set {
    return [ [ 0, 0.999, 1 ] ] if _chance(0.15);
    return [ map { my $at = rand; [ $at, _chance(0.4) ? rand : $at, _chance(0.1) ? 1 : 0, _chance(0.2) ? 1 : 0 ] } 1 .. 1 + (_chance(0.3) ? int rand 3 : 0) ];
}

sub _some { my ($step) = @_; return (set => _set(), uid => _chance(0.5) ? 1 : 0, _chance(0.05) ? (saved => 1) : ()) }

my %MAKE = (
    fetch => sub {
        my @items = grep { _chance(0.35) } qw(FLAGS UID INTERNALDATE RFC822.SIZE);
        push @items, 'MODSEQ' if _chance(0.15);
        push @items, (_chance(0.25) ? 'BODY[' : 'BODY.PEEK[') . _closed(_pick(@Model::Mail::SECTIONS)) if _chance(0.35);
        @items = ('FLAGS') unless @items;
        my $since = !grep({ /^BODY\[/ } @items) && _chance(0.2);
        return (_some(), items => \@items, $since ? (since => rand, vanished => _chance(0.6) ? 1 : 0) : ());
    },
    store => sub {
        my $words = _flags();
        return (_some(), how => _pick('', '+', '+', '-'), silent => _chance(0.4) ? 1 : 0, words => $words, flags => _lower($words), _chance(0.2) ? (since => rand) : ());
    },
    expunge => sub { return (_some(), uid => _chance(0.4) ? 1 : 0) },
    noop => sub { return (word => _pick('NOOP', 'NOOP', 'CHECK')) },
    close => sub { return (expunge => _chance(0.4) ? 1 : 0) },
    search => sub {
        return (uid => _chance(0.5) ? 1 : 0, program => Model::Search::make(2),
            _chance(0.4) ? (return => [ grep { _chance(0.4) } qw(MIN MAX ALL COUNT SAVE) ]) : ());
    },
    sort => sub { return (uid => _chance(0.5) ? 1 : 0, program => Model::Search::make(1), keys => Model::Search::make_sort()) },
    copy => sub { my ($pool) = @_; return (_some(), move => _chance(0.4) ? 1 : 0, box => _box($pool)) },
    select => sub {
        my ($pool) = @_;
        return (box => _box($pool), examine => _chance(0.15) ? 1 : 0, resync => _chance(0.8) ? 1 : 0, known => _chance(0.4) ? 1 : 0, condstore => _chance(0.1) ? 1 : 0);
    },
    status => sub {
        my ($pool) = @_;
        my @items = grep { _chance(0.5) } qw(MESSAGES UIDNEXT UIDVALIDITY UNSEEN SIZE);
        push @items, 'HIGHESTMODSEQ' if _chance(0.15) || !@items;
        return (box => _box($pool), items => \@items);
    },
    append => sub {
        my ($pool) = @_;
        return (box => _box($pool), messages => [ map { _message() } 1 .. (_chance(0.2) ? 2 + int rand 3 : 1) ]);
    },
    create => sub { my ($pool) = @_; return (box => _pick(@{ $pool->{all} })) },
    delete => sub { my ($pool) = @_; return (box => _pick(@{ $pool->{all} })) },
    rename => sub { my ($pool, $user) = @_; my @own = grep { /^user\.\Q$user\E\./ } @{ $pool->{all} }; return (box => _pick(@own), to => _pick(@own)) },
    subscribe => sub { my ($pool) = @_; return (box => _pick(@{ $pool->{all} }), off => _chance(0.4) ? 1 : 0) },
    list => sub { my ($pool) = @_; return (pattern => _pick('*', '*', '%', 'INBOX*', '*Work*', 'INBOX.%'), subscribed => _chance(0.2) ? 1 : 0) },
    lsub => sub { return () },
    setacl => sub {
        my ($pool) = @_;
        my $rights = _pick('lrswipkxtea', 'lrswite', 'lrs', 'lr', 'l', '', 'lrsi', 'lrw', 'lrste', undef);
        return (box => _pick(@{ $pool->{all} }), who => _pick(@{ $pool->{users} }, 'anyone', '-' . $pool->{users}[0]), rights => $rights);
    },
    rights => sub { my ($pool) = @_; return (box => _pick(@{ $pool->{all} })) },
    enable => sub { return (word => _pick('CONDSTORE', 'QRESYNC', 'QRESYNC')) },
    reconnect => sub { return (abrupt => _chance(0.3) ? 1 : 0) },
);

sub _closed { my ($s) = @_; return $s =~ /\]/ ? $s : "$s]" }
sub _box { my ($pool) = @_; return _chance(0.75) ? _pick(@{ $pool->{hot} }) : _pick(@{ $pool->{all} }) }
sub _message { my $words = _chance(0.5) ? _flags() : []; return { n => int rand 100_000, words => $words, flags => _lower($words), _chance(0.9) ? (date => Model::Mail::date(int rand 1000)) : () } }

my @SELECTED = _weighted(fetch => 20, store => 22, search => 8, sort => 3, copy => 7, expunge => 6, noop => 8, close => 2, append => 6, select => 3, status => 3);
my @ANY = _weighted(append => 8, status => 3, create => 3, delete => 1.5, rename => 1.5, subscribe => 2, list => 2, lsub => 1, setacl => 1.5, rights => 1, enable => 2, reconnect => 1, select => 3);
my @WHILE_IDLE = _weighted(append => 4, store => 6, expunge => 2, fetch => 2, copy => 2);
my @READING = qw(fetch search sort status list lsub rights noop);

sub _weighted { my (%times) = @_; return map { ($_) x (2 * $times{$_}) } sort keys %times }

sub _step { my ($view, $pool, $op) = @_; return { c => $view->{n}, op => $op, $MAKE{$op}->($pool, $view->{user}) } }

sub _reading {
    my ($view, $pool) = @_;
    my $step = _step($view, $pool, _pick(@READING));
    s/^BODY\[/BODY.PEEK[/ for @{ $step->{items} || [] };
    return $step;
}

# Commands of one client that may be sent at once: none of them depends on numbers that another may change (RFC 3501 5.5).
sub _pipelined {
    my ($view, $pool) = @_;
    my $uid = _chance(0.5) ? 1 : 0;
    return map { my $s = _step($view, $pool, _pick(qw(fetch store store search))); $s->{uid} = $uid; delete $s->{saved}; $_->[2] = 0 for @{ $s->{set} || [] }; $s } 1 .. 2 + int rand 4;
}

# The next thing to do, given the views.
sub next_step {
    my ($views, $pool) = @_;
    my $view = _pick(@$views);
    return _step($view, $pool, _pick(@ANY)) unless $view->{box};
    my $dice = rand;
    if ($dice < 0.03 && @$views > 1) {
        my @others = grep { $_->{box} && $_->{box} == $view->{box} && $_ != $view } @$views;
        return { op => 'idle', c => $view->{n}, by => _step(_pick(@others), $pool, _pick(@WHILE_IDLE)) } if @others;
    }
    return { op => 'batch', steps => [ _pipelined($view, $pool) ] } if $dice < 0.06;
    return { op => 'batch', steps => [ map { _reading($_, $pool) } grep { _chance(0.7) } @$views ] } if $dice < 0.08;
    return _step($view, $pool, _pick($dice < 0.2 ? @ANY : @SELECTED));
}

1;
