# template.t - workers are made out of a template process, and nobody can tell but by what they cost
# covers: ST-06 ST-21 ST-22 ST-24
use strict;
use warnings;
use MIME::Base64;
use POSIX ();
use Test::More;
use Time::HiRes qw(time sleep);
use Halcyon::Test;

sub eventually {
    my ($seconds, $condition) = @_;
    my $end = time + $seconds;
    while (time < $end) {
        my $value = $condition->();
        return $value if $value;
        sleep 0.02;
    }
    return $condition->();
}

sub slurp { return Halcyon::Test::_slurp($_[0]) }

# (state, parent) of a process, () when it has ended.
sub facts {
    my ($pid) = @_;
    my ($state, $parent) = slurp("/proc/$pid/stat") =~ /\) (\S) (\d+) / or return;
    return $state eq 'Z' ? () : ($state, $parent);
}

sub is_gone { return !facts($_[0]) }

my $i = Halcyon::Test->new(nostart => 1, tls => 1);
my $conf = $i->path('imapd.conf');
my $imapd = Halcyon::Test::program('imapd');
my ($port_one, $port_script) = map { Halcyon::Test::free_port() } 1 .. 2;
my $script = $i->path('run', 'service');
Halcyon::Test::_write($script, "#!/bin/sh\n$imapd -C $conf\nexit \$?\n");
chmod 0755, $script;
$i->rewrite('cyrus.conf', sub {
    s/SERVICES \{\n/SERVICES {
  one cmd="$imapd -C $conf" listen="127.0.0.1:$port_one" prefork=1 maxchild=1
  script cmd="$script" listen="127.0.0.1:$port_script" prefork=0
/;
});
$i->start;
$i->create_users('alice', 'bob');

sub children {
    my $master = $i->{master};
    return grep { my ($s, $parent) = facts($_); $parent && $parent == $master }
        map { m{^/proc/(\d+)$} } glob '/proc/[0-9]*';
}

# The template of a service; with $other: one that is not that.
sub template {
    my ($service, $other) = @_;
    return eventually(30, sub {
        my ($pid) = grep { slurp("/proc/$_/cmdline") =~ /^\Q$service\E: template\0*$/ } children();
        return $pid && $pid != ($other || 0) ? $pid : 0;
    });
}

# Where the program lies in memory: another place for each that was started as a program.
sub place { return (slurp("/proc/$_[0]/maps") =~ m{^([0-9a-f]+)-.*/imapd$}m)[0] // '' }

# Logged in: (client, pid of its process, session id).
sub session {
    my ($user, %o) = @_;
    my $c = $i->imap(%o);
    my $r = $c->cmd("LOGIN $user secret");
    diag("login: $r->{status} $r->{text}") if $r->{status} ne 'OK';
    my ($id, $pid) = ($r->{text} // '') =~ /SESSIONID=<(\S+?-\d+-(\d+)-\d+-\d+)>/;
    return ($c, $pid || 0, $id // '');
}

# The process that made it, while that one is still there.
sub is_from {
    my ($pid, $template, $what) = @_;
    is((facts($pid))[1], $i->{master}, "$what is a child of master");
    is(place($pid), place($template), "$what was not started as a program");
}

my $first = template('imap');
ok($first, 'there is a template');
# the first processes were started before it was ready: use them up; connections stay open below,
# so that the next one always needs a process more
my ($c0) = session('alice');
my ($c1, $pid1, $id1) = session('alice');
my ($c2, $pid2, $id2) = session('bob');
isnt($pid1, $pid2, 'two connections, two processes');
isnt($id1, $id2, 'two session ids');
is_from($pid2, $first, 'a worker');
ok(!-e "/proc/$pid2/fd/5" || readlink("/proc/$pid2/fd/5") !~ /pipe/, 'it does not keep the gate');
isnt(slurp("/proc/$pid2/cmdline"), slurp("/proc/$first/cmdline"), 'it has a title of its own');
is($c2->cmd('SELECT INBOX')->{status}, 'OK', 'it works');
my ($status, $out) = $i->run('cyr_info', 'proc');
like($out, qr/\b$pid2\b/, 'cyr_info shows the session');
unlike($out, qr/\b$first\b/, 'and no template');
ok(!-e $i->path('conf', 'proc', $first), 'which has no proc file');

# random numbers are not those of the template
sub nonce {
    my ($c) = @_;
    $c->send('x AUTHENTICATE SCRAM-SHA-256 ' . encode_base64('n,,n=alice,r=client', '') . "\r\n");
    my ($nonce) = decode_base64(substr $c->line, 2) =~ /^r=client([^,]+),/;
    $c->send("*\r\n");
    $c->line;
    return $nonce // '';
}
my @strangers = map { Halcyon::Client->imap(port => $i->{port}{imap}) } 1 .. 3;
my %nonces = map { nonce($_) => 1 } @strangers;
is(scalar(grep { length >= 16 } keys %nonces), 3, 'each worker has random numbers of its own');

# ---- maxchild counts workers only
ok(template('one'), 'maxchild=1: there is a template beside the one process');
my ($only) = session('alice', port => $port_one);
my $waiting = Halcyon::Client->_connect(port => $port_one);
ok(!IO::Select->new($waiting->{sock})->can_read(0.3), 'maxchild=1: the second connection waits');
$only->cmd('LOGOUT');
like($waiting->line, qr/^\* OK/, 'until the first has ended');
$waiting->close;

# ---- a script that starts the program is no template, and serves
my $by_script = $i->imap(port => $port_script);
is($by_script->cmd('NOOP')->{status}, 'OK', 'a service that is a script works');
ok(!grep({ slurp("/proc/$_/cmdline") =~ /^script: template/ } children()), 'and has no template');
$by_script->cmd('LOGOUT');

# ---- a template that dies
kill KILL => $first;
ok(eventually(10, sub { is_gone($first) }), 'killed');
is($c2->cmd('NOOP')->{status}, 'OK', 'its workers do not care');
my @more = map { [ session('carol') ] } 1 .. 3;
my $second = template('imap', $first);
ok($second, 'there is another one');
my ($c3, $pid3) = session('carol');
is(scalar(grep { $_->[1] } @more), 3, 'connections were served all the while');
push @more, [ session('carol') ] for 1 .. 2;
is_from($more[-1][1], $second, 'a later worker');
kill TERM => $second;
ok(eventually(10, sub { is_gone($second) }), 'ended by hand');
push @more, [ session('carol') ] for 1 .. 3;
my $third = template('imap', $second);
ok($third, 'there is another one again');

# ---- what the template was made from
sub fingerprint {
    my $sock = Halcyon::Client->_connect(port => $i->{port}{imaps}, tls => 1);
    $sock->line;
    my $show = "openssl s_client -connect localhost:$i->{port}{imaps} </dev/null 2>/dev/null";
    my $text = qx{$show | openssl x509 -noout -fingerprint};
    return ($text, $sock);
}

my ($old, $held) = fingerprint();
like($old, qr/Fingerprint=/, 'a certificate is shown');
my ($old_again, $held_too) = fingerprint();
my $imaps = template('imaps');
unlink $i->path('conf', $_) for qw(cert.pem key.pem);
$i->_certificate;
system('chown', $i->{account}, map { $i->path('conf', $_) } qw(cert.pem key.pem)) if $> == 0;
my @connections;
my $new = $old;
for (1 .. 4) {                                  # those that wait already have the old one
    my @both = fingerprint();
    push @connections, $both[1];
    $new = $both[0];
    last if $new ne $old;
}
like($new, qr/Fingerprint=/, 'a certificate is shown after it was replaced');
isnt($new, $old, 'the new one, without SIGHUP');
ok(template('imaps', $imaps), 'by a new template') or diag(`ps axo pid,ppid,args | grep imap`);
$_->close for $held, $held_too, @connections;

$i->rewrite('imapd.conf', sub { s/^(servername:).*/$1 renamed.example.org/m });
chmod 0644, $conf;
my ($greeting, @greeted) = ('');
for (1 .. 4) {
    push @greeted, Halcyon::Client->_connect(port => $i->{port}{imap});
    $greeting = $greeted[-1]->line;
    last if $greeting =~ /renamed/;
}
like($greeting, qr/renamed\.example\.org/, 'a changed imapd.conf holds for the next worker');
my $fourth = template('imap', $third);
# back again: passwords are of that realm
$i->rewrite('imapd.conf', sub { s/^(servername:).*/$1 mail.example.org/m });
chmod 0644, $conf;
$_->close for @greeted;

# ---- SIGHUP
kill HUP => $i->{master};
my $fifth = template('imap', $fourth);
ok($fifth, 'SIGHUP: a new template');
ok(eventually(10, sub { is_gone($fourth) }), 'SIGHUP: the old one ends');
is($c2->cmd('NOOP')->{status}, 'OK', 'SIGHUP: a session goes on');
my @last = map { [ session('bob') ] } 1 .. 3;
is_from($last[-1][1], $fifth, 'SIGHUP: a worker');

# ---- a service that goes
$i->rewrite('cyrus.conf', sub { s/^  one .*\n//m });
my $one = template('one');
kill HUP => $i->{master};
ok(eventually(10, sub { is_gone($one) }), 'removed service: its template ends');
ok(eventually(10, sub { !IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port_one) }),
   'removed service: nobody listens');
ok(template('imap', $fifth), 'the others have theirs');

# ---- master dies, master stops
my @all = (children(), map { $_->[1] } @last);
my $begin = time;
is($i->stop, 0, 'stopping ends well');
cmp_ok(time - $begin, '<', 10, 'and soon');
ok(eventually(5, sub { !grep { !is_gone($_) } @all }), 'nobody is left');

$i->start;
template('imap');
my $before = $i->{master};
@all = children();
kill KILL => delete $i->{master};
waitpid $before, 0;
ok(eventually(10, sub { !grep { !is_gone($_) } @all }), 'nobody outlives a master that was killed');
is($i->faults, '', 'no complaints of the sanitizers');
done_testing();
